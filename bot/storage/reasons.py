"""A reason as JSON in a column; NULL where there is none."""

import json
from datetime import datetime

from bot.reasons import Reason, ReasonKind
from bot.storage.database import to_iso

_UNKNOWN = Reason(ReasonKind.FREE_TEXT)


def dump_reason(reason: Reason | None) -> str | None:
    """The kind, and those of its arguments that it has."""
    if reason is None:
        return None
    known = {
        "kind": reason.kind.value,
        "number": reason.number,
        "permissions": list(reason.permissions) or None,
        "until": to_iso(reason.until) if reason.until else None,
        "text": reason.text or None,
    }
    return json.dumps({name: value for name, value in known.items() if value is not None}, ensure_ascii=False)


def load_reason(stored: str | None) -> Reason | None:
    """What `dump_reason` wrote; a kind of a newer version is read as none with words: it must not cost a digest."""
    if stored is None:
        return None
    try:
        known = json.loads(stored)
        reason = Reason(
            ReasonKind(known["kind"]),
            number=known.get("number"),
            permissions=tuple(known.get("permissions", ())),
            until=datetime.fromisoformat(known["until"]) if "until" in known else None,
            text=known.get("text", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _UNKNOWN
    return reason if _is_complete(reason) else _UNKNOWN


def _is_complete(reason: Reason) -> bool:
    """Whether its arguments are of their types, as JSON may hold others."""
    texts = (reason.text, *reason.permissions)
    return isinstance(reason.number, int | None) and all(isinstance(each, str) for each in texts)
