"""Kills some work in processes of its own, again and again: at each line of it, and at any moment.

`python -m tests.support.killing WORK FOLDER` copies `FOLDER/start` to a folder for each kill, and leaves it as the
killed process left it. It forks, so it is a process with one thread itself.
"""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from bot.backups import Backups
from bot.storage import BackupKind, back_up, prepare_file, restore, sqlite
from tests.support.builders import MORNING
from tests.support.paths import ROOT

LIMIT = 300  # seconds that everything may take, on the busiest machine
MOMENTS = 15  # kills at any moment
NEXT_DAY = MORNING + timedelta(days=1)
A_MIGRATION = "CREATE TABLE novelties (id INTEGER) STRICT; INSERT INTO novelties VALUES (1);"


def add_migration() -> None:
    """The program becomes one version newer."""
    scripts = [*sqlite._load_migrations(), A_MIGRATION]
    sqlite._load_migrations = lambda: scripts


def _back_up(folder: Path) -> None:
    back_up(folder / "paperboy.db", folder / "copy.db", BackupKind.BY_HAND, MORNING)


def _restore(folder: Path) -> None:
    restore(folder / "paperboy.db", folder / "copy.db", MORNING)


def _migrate(folder: Path) -> None:
    add_migration()
    prepare_file(folder / "paperboy.db", folder / "backups", MORNING, lambda: None)
    sqlite.migrate_file(folder / "paperboy.db")


def _back_up_daily(folder: Path) -> None:
    Backups(folder / "paperboy.db", folder / "backups", keep=2)._work(NEXT_DAY, threading.Event())


WORKS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {  # with the files in whose lines it is killed
    "back up": (_back_up, ("storage/backup.py",)),
    "restore": (_restore, ("storage/backup.py", "storage/restoring.py", "storage/restored.py")),
    "migrate": (_migrate, ("storage/restoring.py",)),
    "back up daily": (_back_up_daily, ("bot/backups.py",)),
}


def kill_often(work: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """What each kill of `work`, which begins in a copy of `folder/start`, leaves behind."""
    told = [sys.executable, "-m", "tests.support.killing", work, str(folder)]
    ended = subprocess.run(told, cwd=ROOT, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert ended.returncode == 0, ended.stderr
    names = ended.stdout.split()
    assert len(names) > MOMENTS + 10
    for name in names:
        yield name, folder / name


def _fork(work: Callable[[Path], None], case: Path, trace: Callable[..., Any] | None) -> int:
    child = os.fork()
    if not child:
        sys.settrace(trace)
        try:
            work(case)
        except BaseException as error:  # noqa: BLE001  # a child must not go on with what its parent does
            sys.stderr.write(f"{case.name}: {error!r}\n")
            os._exit(1)
        os._exit(0)
    return child


def _die_at_line(number: int, files: tuple[str, ...]) -> Callable[..., Any]:
    """Has the process die at the first run of the line that is the `number`th, counting from 0, to be run."""
    seen: set[tuple[str, int]] = set()

    def look(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.endswith(files):
            return None
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            if len(seen) > number:
                os.kill(os.getpid(), signal.SIGKILL)
        return look

    return look


def _wait(child: int) -> bool:
    """Whether it came to its end."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def main() -> None:
    (work, files), folder = WORKS[sys.argv[1]], Path(sys.argv[2])
    lasted = 0.0
    for number in itertools.count():
        case = Path(shutil.copytree(folder / "start", folder / f"line-{number}"))
        print(case.name)  # noqa: T201
        began = time.monotonic()
        is_done = _wait(_fork(work, case, _die_at_line(number, files)))
        lasted = time.monotonic() - began
        if is_done:
            break
    chance = random.Random(7)
    for number in range(MOMENTS):
        case = Path(shutil.copytree(folder / "start", folder / f"moment-{number}"))
        print(case.name)  # noqa: T201
        child = _fork(work, case, None)
        time.sleep(chance.uniform(0, lasted))
        os.kill(child, signal.SIGKILL)
        _wait(child)


if __name__ == "__main__":
    main()
