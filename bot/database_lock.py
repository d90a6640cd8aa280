"""The lock on the database: two bots would both send what is under way."""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.search import IndexUnusable
from bot.storage import DatabaseProblem, DatabaseUnusable, build_unusable_error


@contextmanager
def lock_database(database: Path, *, creates: bool = False) -> Iterator[None]:
    """Lock the database for this process. Raises `DatabaseUnusable`.

    The lock holds for the file under any path, symbolic link or hard link, and ends with the process. If there is no
    file yet, only its path is locked, unless an empty one may be created.
    """
    with ExitStack() as locks:
        try:
            file = database.resolve()
            if not file.is_dir() and file.parent.is_dir():  # otherwise opening the file explains the problem
                locks.enter_context(FileLock(file.with_name(f"{file.name}.lock"), timeout=0))
                if creates:
                    file.touch(mode=0o600)  # it says what people follow
            if sys.platform == "linux" and file.is_file():
                _lock_inode(file, locks.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)))
        except Timeout as error:
            raise DatabaseUnusable(DatabaseProblem.IN_USE, database) from error
        except (OSError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise DatabaseUnusable(DatabaseProblem.IN_USE, database) from error
            raise build_unusable_error(database, error) from error
        yield


@contextmanager
def lock_index(index: Path) -> Iterator[None]:
    """Lock the folder of an index for this process, beside which others use the same database.

    Raises `IndexUnusable`.
    """
    lock = FileLock(index.absolute().with_name(f"{index.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise IndexUnusable(index, "in use", is_taken=True) from error
    except OSError as error:
        raise IndexUnusable(index, error.strerror or str(error)) from error
    with lock:
        yield


def _lock_inode(file: Path, lock: socket.socket) -> None:
    """Lock a file under all of its hard links, by binding a socket to a name made of its inode number.

    Locking the file itself would not do: closing it again would release SQLite's own locks.
    """
    lock.bind(f"\0{_name_lock(file)}")


def _name_lock(file: Path) -> str:
    status = file.stat()
    return f"paperboy:{status.st_dev}:{status.st_ino}"


def check_not_running(database: Path) -> None:
    """Raise `DatabaseUnusable` if a bot uses the database."""
    with lock_database(database):
        pass


def is_seen_running(database: Path) -> bool:
    """Whether a bot has the database open, as far as it can be seen without locking anything: on this machine only."""
    try:
        open_sockets = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
        return f"@{_name_lock(database)}" in open_sockets.split()
    except OSError:  # another system than Linux, or no database
        return False
