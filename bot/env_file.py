"""A file of settings, such as `.env`: reading it, and changing one line of it so that it is never lost."""

import glob
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum, auto
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

_UNFINISHED = ".new"  # how the names of files end that are not in place yet


class EnvFileProblem(Enum):
    MISSING = auto()
    IS_FOLDER = auto()
    NOT_TEXT = auto()
    UNREADABLE = auto()  # detail
    NO_FOLDER = auto()  # detail: its folder, like the next
    FOLDER_CLOSED = auto()
    UNWRITABLE = auto()  # detail


class EnvFileUnusable(Exception):
    """The file cannot be read or written, for a reason that a human has to see to. Nothing was changed."""

    def __init__(self, problem: EnvFileProblem, path: Path, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name} {detail}")
        self.problem = problem
        self.path = path
        self.detail = detail


def read_env_file(path: Path) -> str:
    """Its text with the ends of lines that it has, without a byte order mark. Raises `EnvFileUnusable`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise EnvFileUnusable(EnvFileProblem.MISSING, path) from None
    except IsADirectoryError:
        raise EnvFileUnusable(EnvFileProblem.IS_FOLDER, path) from None
    except UnicodeDecodeError:
        raise EnvFileUnusable(EnvFileProblem.NOT_TEXT, path) from None
    except OSError as error:
        raise EnvFileUnusable(EnvFileProblem.UNREADABLE, path, error.strerror or str(error)) from None


def parse_values(text: str) -> Mapping[str, str]:
    """What the text sets, by names in capitals; `NAME=` without a value sets nothing."""
    readable = "".join(each.original.string for each in _parse(text) if not each.error)
    values = dotenv_values(stream=StringIO(readable))
    return {name.upper(): value for name, value in values.items() if value}


def find_unreadable_lines(text: str) -> list[int]:
    """The numbers of the lines, from 1 on, that are no remarks and no `NAME=value`."""
    wrong = (each.original for each in _parse(text) if each.error or (each.key is not None and each.value is None))
    return [each.line + _get_indent(each.string).count("\n") for each in wrong]


def set_value(text: str, name: str, value: str) -> str:
    """The text with `NAME=value`, in place of the first line that sets it, or at the end. Everything else stays."""
    ending = "\r\n" if "\r\n" in text else "\n"
    line = f"{name}={_quote(value)}{ending}"
    kept: list[str] = []
    is_set = False
    for each in _parse(text):
        written = each.original.string
        if each.error or each.key is None or each.key.upper() != name:
            kept.append(written)
        elif not is_set:
            export = "export " if written.lstrip().startswith("export ") else ""
            kept.append(f"{_get_indent(written)}{export}{line}")
            is_set = True
    whole = "".join(kept)
    if is_set:
        return whole
    return whole + (ending if whole and not whole.endswith(("\n", "\r")) else "") + line


def _parse(text: str) -> Iterator[Binding]:
    return parse_stream(StringIO(text, newline=""))


def _get_indent(written: str) -> str:
    """The white space before a line. The parser counts empty lines to what follows them."""
    return written[: len(written) - len(written.lstrip())]


def _quote(value: str) -> str:
    """A value as it is read back: as it is, if it has only what a token has; else in quotes."""
    if value and all(each.isalnum() or each in "._-+/=:" for each in value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def check_writable(path: Path) -> None:
    """Raises `EnvFileUnusable` if the file could not be written, as far as can be seen before."""
    file = _follow_links(path)
    try:
        is_folder, has_folder = file.is_dir(), file.parent.is_dir()
    except OSError:
        raise EnvFileUnusable(EnvFileProblem.FOLDER_CLOSED, path, str(file.parent)) from None
    if is_folder:
        raise EnvFileUnusable(EnvFileProblem.IS_FOLDER, path)
    if not has_folder:
        raise EnvFileUnusable(EnvFileProblem.NO_FOLDER, path, str(file.parent))
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise EnvFileUnusable(EnvFileProblem.FOLDER_CLOSED, path, str(file.parent))


def _follow_links(path: Path) -> Path:
    """The file itself: a link to it stays a link."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise EnvFileUnusable(EnvFileProblem.UNREADABLE, path, str(error)) from None


def write_env_file(path: Path, text: str) -> None:
    """Write the file so that only its owner may read it. Raises `EnvFileUnusable`.

    Whenever this is interrupted, there is the old file or the new one, and the next call removes what was left.
    """
    check_writable(path)
    file = _follow_links(path)
    try:
        for left in file.parent.glob(f"{glob.escape(file.name)}.*{_UNFINISHED}"):
            left.unlink(missing_ok=True)
        # `mkstemp` lets nobody but the owner read what it makes, from the first moment on.
        descriptor, name = tempfile.mkstemp(_UNFINISHED, f"{file.name}.", file.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(text.encode())
                written.flush()
                os.fsync(written.fileno())
                _keep_owner(file, written.fileno())
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(file.parent)
    except OSError as error:
        raise EnvFileUnusable(EnvFileProblem.UNWRITABLE, path, error.strerror or str(error)) from None


def _keep_owner(file: Path, descriptor: int) -> None:
    """Give the new file to the owner of the old one, if we may: the bot may run as somebody else than root."""
    with suppress(OSError):
        known = file.stat()
        os.fchown(descriptor, known.st_uid, known.st_gid)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk. Not every file system can; then it gets there a moment later."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
