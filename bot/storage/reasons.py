"""A reason as JSON in a column, or NULL."""

import json
from datetime import datetime

from bot.reasons import Reason, ReasonKind
from bot.storage.database import to_iso

_UNKNOWN = Reason(ReasonKind.FREE_TEXT)


def dump_reason(reason: Reason | None) -> str | None:
    """JSON of the reason's kind, and of those arguments that it has."""
    if reason is None:
        return None
    arguments = {
        "kind": reason.kind.value,
        "number": reason.number,
        "permissions": list(reason.permissions) or None,
        "until": to_iso(reason.until) if reason.until else None,
        "text": reason.text or None,
    }
    return json.dumps({name: value for name, value in arguments.items() if value is not None}, ensure_ascii=False)


def load_reason(stored: str | None) -> Reason | None:
    """What `dump_reason` wrote. What cannot be read, such as a newer version's kind, becomes an empty `FREE_TEXT`.

    A reason must never cost a digest.
    """
    if stored is None:
        return None
    try:
        arguments = json.loads(stored)
        reason = Reason(
            ReasonKind(arguments["kind"]),
            number=arguments.get("number"),
            permissions=tuple(arguments.get("permissions", ())),
            until=datetime.fromisoformat(arguments["until"]) if "until" in arguments else None,
            text=arguments.get("text", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _UNKNOWN
    are_texts = all(isinstance(each, str) for each in (reason.text, *reason.permissions))
    return reason if are_texts and isinstance(reason.number, int | None) else _UNKNOWN
