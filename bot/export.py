"""Files that people take along. `/privacy export` gives all that is stored of them, described in `docs/privacy.md`."""

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any

from bot.reasons import Reason
from bot.refusals import Refusal, Refused
from bot.storage import PersonData

FORMAT, VERSION = "paperboy-export", 1  # a field that changes its meaning or goes makes a new version; new ones don't
MAX_FILE = 9_500_000  # bytes; Discord takes ten MiB


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file with its name; `is_compressed` says that it has to be unpacked."""

    name: str
    content: bytes
    is_compressed: bool = False


class FilePacker:
    """Packs a file that is written bit by bit; it is compressed if Discord would not take it as it is.

    It holds what Discord takes at most, compressed and not.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._plain: list[bytes] | None = []  # None once it is too long
        self._length = 0
        self._packed = io.BytesIO()
        self._gzip = gzip.GzipFile(fileobj=self._packed, mode="wb", mtime=0)

    def add(self, content: bytes) -> None:
        """Write on. Raises `Refused` if Discord takes no file as large."""
        self._length += len(content)
        if self._plain is not None:
            self._plain.append(content)
            if self._length <= MAX_FILE:
                return
            content, self._plain = b"".join(self._plain), None
        self._gzip.write(content)
        self._check_size()

    def finish(self) -> ExportFile:
        """The file to attach. Raises `Refused`."""
        if self._plain is not None:
            return ExportFile(self._name, b"".join(self._plain))
        self._gzip.close()
        self._check_size()
        return ExportFile(f"{self._name}.gz", self._packed.getvalue(), is_compressed=True)

    def _check_size(self) -> None:
        if self._packed.tell() > MAX_FILE:
            raise Refused(Refusal.FILE_TOO_LARGE)


def build_export_file(data: PersonData, now: datetime) -> ExportFile:
    """The file to attach: JSON, or the same compressed if Discord would not take it. Raises `Refused`."""
    packer = FilePacker("paperboy-data.json")
    packer.add(build_export(data, now))
    return packer.finish()


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
