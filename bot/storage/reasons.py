"""A reason as JSON in a column; NULL where there is none."""

import json
from datetime import datetime

from bot.reasons import Reason, ReasonKind
from bot.storage.database import iso


def reason_json(reason: Reason | None) -> str | None:
    """The kind, and those of its arguments that it has."""
    if reason is None:
        return None
    known = {
        "kind": reason.kind.value,
        "number": reason.number,
        "permissions": list(reason.permissions) or None,
        "until": iso(reason.until) if reason.until else None,
        "text": reason.text or None,
    }
    return json.dumps({name: value for name, value in known.items() if value is not None}, ensure_ascii=False)


def read_reason(stored: str | None) -> Reason | None:
    """What `reason_json` wrote; what no version of ours wrote stays as its text, as it must not cost a digest."""
    if stored is None:
        return None
    try:
        known = json.loads(stored)
        return Reason(
            ReasonKind(known["kind"]),
            number=known.get("number"),
            permissions=tuple(known.get("permissions", ())),
            until=datetime.fromisoformat(known["until"]) if "until" in known else None,
            text=known.get("text", ""),
        )
    except (ValueError, KeyError, TypeError):
        return Reason(ReasonKind.WORDED, text=stored)
