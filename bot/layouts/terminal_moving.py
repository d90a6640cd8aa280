"""What `paperboy move` prints."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from bot.database_address import DatabaseAddress, PostgresAddress
from bot.layouts.terminal import describe_database_problem
from bot.layouts.text import count_noun
from bot.storage import DatabaseProblem, DatabaseUnusable, Moved, MoveFailed, MoveProblem

_AS_BEFORE = "Nothing was moved."
_PROBLEMS: Mapping[MoveProblem, str] = {
    MoveProblem.NO_SOURCE: "{address} has no data of Paperboy, so there is nothing to move. Set PAPERBOY_DATABASE.",
    MoveProblem.SAME: "{address} is the database itself. Name another one with --to.",
    MoveProblem.NOT_EMPTY: (
        "{address} is not empty. Create a new database, or name a file that does not exist, with --to. If an earlier "
        "move was stopped in its last moment, it may be complete there."
    ),
    MoveProblem.NO_FOLDER: "{folder} is not a folder. Create it, or name a file in another one with --to.",
    MoveProblem.BAD_ROW: (
        f"{{address}} does not take a row ({{detail}}). {_AS_BEFORE} Check the old database with `paperboy doctor`."
    ),
    MoveProblem.DIFFERS: (
        f"What arrived in the table {{detail}} of {{address}} is not what was sent. {_AS_BEFORE} Stop whatever else "
        "writes to one of the two databases, and move again. If that doesn't help, check the machine's memory."
    ),
}
_TARGET_PROBLEMS: Mapping[DatabaseProblem, str] = {
    DatabaseProblem.IN_USE: "{address} is in use by another Paperboy. Name an empty database with --to.",
    DatabaseProblem.IS_FOLDER: "{address} is a folder. Name a file in it with --to.",
    DatabaseProblem.FOREIGN: "{address} is another program's database. Name an empty one with --to.",
    DatabaseProblem.NOT_A_DATABASE: "{address} is another program's file. Name one that does not exist with --to.",
    DatabaseProblem.NEWER: (
        "{address} was written by a newer Paperboy ({detail}), so it is not empty. Name an empty database with --to."
    ),
    DatabaseProblem.DISK_FULL: f"The disk with {{address}} is full. {_AS_BEFORE} Make room there, then move again.",
    DatabaseProblem.UNUSABLE: f"{{address}} can't be used ({{detail}}). {_AS_BEFORE} Check the new address.",
}
MOVING = "Moving"
STOPPED = (
    "Stopped. The old database is as it was. So is the new one, unless it was complete a moment before: then a second "
    "move says that it is not empty."
)
PROMPT = "Where to, a URL or a file (nothing is shown while you type or paste it): "
NO_HIDDEN_TYPING = "This terminal would show a password while you type it. Set PAPERBOY_MOVE_TO instead."
NO_TARGET = "Say where to move the database: with --to, or, if there is a password in it, in PAPERBOY_MOVE_TO."


def describe_move_problem(error: MoveFailed) -> str:
    address = error.address
    folder = address.parent if isinstance(address, Path) else address
    return _PROBLEMS[error.problem].format(address=address, folder=folder, detail=error.detail)


def describe_target_problem(error: DatabaseUnusable) -> str:
    """What is wrong with the database to which another one is moved, and which is no setting yet."""
    if problem := _TARGET_PROBLEMS.get(error.problem):
        return problem.format(address=error.path, detail=error.detail)
    return describe_database_problem(error).replace("PAPERBOY_DATABASE", "the new address")


def describe_pause(seconds: float) -> str:
    return (
        "Everything was copied. The bot was stopped while a message was on its way to Discord, so for "
        f"{count_noun(round(seconds), 'second')} nothing is finished: a bot that starts too early could post it again."
    )


def describe_moved(
    source: DatabaseAddress, target: DatabaseAddress, moved: Moved, settings_file: Path, index: Path | None
) -> str:
    """What has been done, and what to do next; `index` is the search index of before."""
    done = [f"{target} now has all that {source} has: {count_noun(sum(moved.rows.values()), 'row')}, all compared."]
    if moved.changed_texts:
        texts = count_noun(moved.changed_texts, "text")
        done.append(f"{texts} had a NUL character, which PostgreSQL can't store, and came without it.")
    is_url = isinstance(target, PostgresAddress)
    new = "the URL that you gave, with its user and password" if is_url else shlex.quote(str(target))
    steps = [f"Set PAPERBOY_DATABASE to {new}, in {settings_file} or wherever you set it."]
    if index:
        steps.append(
            "The search index is made again at the start. To keep the one there is, for a bot of one process, set "
            f"PAPERBOY_INDEX={shlex.quote(str(index))}."
        )
    steps.append(f"Start Paperboy. Keep {source} until you see that all is well.")
    warning = f"Never start Paperboy on {source} again: it would post again what is posted from now on."
    return "\n".join([*done, *(f"{number}. {step}" for number, step in enumerate(steps, 1)), warning])
