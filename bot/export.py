"""The answer of `/privacy export`: all that is stored of a person as JSON, described in `docs/privacy.md`."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any

from bot.reasons import Reason
from bot.storage import PersonData

FORMAT, VERSION = "paperboy-export", 1  # a field that changes its meaning or goes makes a new version; new ones don't
MAX_FILE = 9_500_000  # bytes; Discord takes ten MiB


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file with its name; `is_compressed` says that it has to be unpacked."""

    name: str
    content: bytes
    is_compressed: bool = False


def build_export_file(data: PersonData, now: datetime) -> ExportFile:
    """The file to attach: JSON, or the same compressed if Discord would not take it."""
    content = build_export(data, now)
    if len(content) <= MAX_FILE:
        return ExportFile("paperboy-data.json", content)
    return ExportFile("paperboy-data.json.gz", gzip.compress(content, mtime=0), is_compressed=True)


def build_export(data: PersonData, now: datetime) -> bytes:
    """All that is stored of a person, as JSON."""
    exported = {"format": FORMAT, "version": VERSION, "exported_at": now, **_to_object(data)}
    return json.dumps(exported, ensure_ascii=False, indent=1, default=_to_json).encode()


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Reason) or is_dataclass(value):
        return _to_object(value)
    raise TypeError(f"{value!r} is no JSON")


def _to_object(value: Any) -> dict[str, Any]:
    """The fields of a dataclass."""
    return {each.name: _to_field(each.name, getattr(value, each.name)) for each in fields(value)}


def _to_field(name: str, value: Any) -> Any:
    """Discord's ids as texts: they are too long for the numbers of JavaScript."""
    if isinstance(value, Mapping):
        return {key: _to_field(key, each) for key, each in value.items()}
    if name.endswith("_id") and value is not None:
        return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)
    return value
