"""What the command line prints: a digest, and one line that says what whoever runs the bot has to do."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import date

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.brand import PICTURES, Look, Part, PartRejected
from bot.database_address import PostgresAddress
from bot.digest import Digest, Highlight
from bot.layouts.brand import TEXTS
from bot.layouts.reasons import explain_reason
from bot.layouts.text import count_noun, cut_plain, format_day, take_first_sentences
from bot.papers.api import PapersUnavailable
from bot.search import IndexUnusable
from bot.share import Share
from bot.storage import DatabaseProblem, DatabaseUnusable

SUMMARY = 300  # characters
_CLOSE_CODES: Mapping[int, str] = {
    4004: (
        "DISCORD_TOKEN: Discord does not know this token. Copy it again from the developer portal, and set it with "
        "`paperboy init`."
    ),
    4010: "Discord rejected a connection (code 4010). Start Paperboy again. If that doesn't help, update it.",
    4011: "Discord wants more connections for this many servers (code 4011). Start Paperboy again: it then opens more. "
    "Where PAPERBOY_SHARDS is set, stop all processes, and set a greater number of shards in each.",
    4012: "Discord no longer supports this version of Paperboy (code 4012). Update Paperboy.",
    4013: "Discord doesn't know the events that this version of Paperboy asks for (code 4013). Update Paperboy.",
    4014: "Discord rejected an intent (code 4014). Paperboy needs no privileged intents: update it.",
}
_DATABASE_PROBLEMS: dict[DatabaseProblem, str] = {
    DatabaseProblem.IN_USE: "{path} is in use by another Paperboy. Stop that one, then try again.",
    DatabaseProblem.IS_FOLDER: "{path} is a folder. Set PAPERBOY_DATABASE to a file.",
    DatabaseProblem.FOREIGN: "{path} is another program's database. Set PAPERBOY_DATABASE to another file.",
    DatabaseProblem.NOT_A_DATABASE: (
        "{path} is not a database, or its beginning is damaged. Set PAPERBOY_DATABASE to another file, or put the "
        "latest backup in its place with `paperboy restore`."
    ),
    DatabaseProblem.DISK_FULL: "The disk with {path} is full. Make room there; Paperboy can't start before.",
    DatabaseProblem.NEWER: (
        "{path} was written by a newer Paperboy ({detail}). Update Paperboy, or set PAPERBOY_DATABASE to another file."
    ),
    DatabaseProblem.UNUSABLE: (
        "{path} can't be used as Paperboy's database ({detail}). Check that its folder exists and can be written to, "
        "or set PAPERBOY_DATABASE to another file."
    ),
    DatabaseProblem.DAMAGED: (
        "{path} is damaged ({detail}), so Paperboy stopped writing to it. Put the latest backup in its place with "
        "`paperboy restore`; or save what can be read: `sqlite3 {path} .recover | sqlite3 saved.db`. "
        "Then run `paperboy backfill` to read missing papers again."
    ),
    DatabaseProblem.OLDER: (
        "{path} is in use by an older Paperboy, and must not be changed while that one runs. Stop it, then try again."
    ),
    DatabaseProblem.NOT_BACKED_UP: (
        "{path} has to be migrated for this version, and is backed up first, but {backup} can't be written ({detail}). "
        "Make room there, or set PAPERBOY_BACKUP_FOLDER to a folder that can be written to. Nothing was changed."
    ),
}
_POSTGRES_PROBLEMS: dict[DatabaseProblem, str] = {
    DatabaseProblem.OTHER_SHARD_COUNT: (
        "The processes that use {path} have {detail} shards together. Set that number in PAPERBOY_SHARDS; or stop all "
        "of them, those that wait too, and start them with the new one."
    ),
    DatabaseProblem.FOREIGN: (
        "{path} has tables of another program. Make a database for Paperboy alone with `createdb`, and set "
        "PAPERBOY_DATABASE to its URL."
    ),
    DatabaseProblem.NEWER: (
        "{path} was written by a newer Paperboy ({detail}). Update Paperboy in every process; or go back to the backup "
        "from before that with `pg_restore`."
    ),
    DatabaseProblem.OLDER: (
        "{path} was written by an older Paperboy ({detail}). Start the bot once with this version, which updates it, "
        "then try again."
    ),
    DatabaseProblem.DISK_FULL: "The disk of {path} is full. Make room there; Paperboy can't start before.",
    DatabaseProblem.UNUSABLE: (
        "{path} can't be used as Paperboy's database ({detail}). Check the URL in PAPERBOY_DATABASE, and PostgreSQL's "
        "log."
    ),
    DatabaseProblem.UNREACHABLE: (
        "{path} can't be reached ({detail}). Check that PostgreSQL runs there, the host and the port in "
        "PAPERBOY_DATABASE, the network and a firewall."
    ),
    DatabaseProblem.STARTING_UP: "{path} is starting or stopping. Try again in a moment, and look at PostgreSQL's log.",
    DatabaseProblem.NO_CONNECTION_LEFT: (
        "{path} takes no more connections. Each process of Paperboy needs five: raise max_connections in "
        "postgresql.conf, or end programs that hold connections."
    ),
    DatabaseProblem.IS_REPLICA: (
        "{path} is a replica, which can only be read. Set PAPERBOY_DATABASE to the primary server, or name both hosts "
        "with target_session_attrs=read-write."
    ),
    DatabaseProblem.DRIVER_MISSING: (
        "PostgreSQL needs the extra `postgres` ({detail}). Install it with `pip install --require-hashes -r "
        "requirements/postgres.txt` in Paperboy's folder; or install Paperboy again with [postgres] after its name or "
        "path, such as pipx install --force './paperboy.whl[postgres]'."
    ),
    DatabaseProblem.LOGIN_REJECTED: (
        "{path} doesn't let Paperboy in: the user or the password in PAPERBOY_DATABASE is wrong, or pg_hba.conf "
        "doesn't allow this user from this machine. PostgreSQL's log says which."
    ),
    DatabaseProblem.NO_SUCH_DATABASE: (
        "{path}: the server has no database of this name. Make it with `createdb`, or correct PAPERBOY_DATABASE."
    ),
    DatabaseProblem.NO_PERMISSION: (
        "The user in PAPERBOY_DATABASE may not do everything in {path} ({detail}). Make it the owner: "
        "`ALTER DATABASE … OWNER TO …`, and after a restore also of the tables."
    ),
    DatabaseProblem.SERVER_TOO_OLD: "{path} is run by a PostgreSQL that is too old ({detail}). Update it.",
    DatabaseProblem.NOT_UTF8: (
        "{path} stores text as {detail}. Make a database that stores it as UTF-8: "
        "`createdb --encoding=UTF8 --template=template0`."
    ),
    DatabaseProblem.POOLED: (
        "{path} is behind a pooler, such as pgbouncer, that gives each transaction another session, so locks don't "
        "hold. Set PAPERBOY_DATABASE to the server itself, or the pooler's mode to `session`."
    ),
}
DATABASE_AWAY = "The database stopped answering. What was done before that is kept. Try again in a minute."
_NEWER_WITH_BACKUP = (
    "{path} was written by a newer Paperboy ({detail}). Update Paperboy; or go back to before that with "
    "`paperboy restore {quoted}`."
)


def describe_database_problem(error: DatabaseUnusable) -> str:
    if isinstance(error.path, PostgresAddress):
        problems = _DATABASE_PROBLEMS | _POSTGRES_PROBLEMS  # the second say it better
        return problems[error.problem].format(path=error.path, detail=error.detail)
    problem = _DATABASE_PROBLEMS[error.problem]
    if error.problem is DatabaseProblem.NEWER and error.backup:
        problem = _NEWER_WITH_BACKUP
    quoted = shlex.quote(str(error.backup))
    return problem.format(path=error.path.absolute(), detail=error.detail, backup=error.backup, quoted=quoted)


def describe_waiting_for_database(error: DatabaseUnusable) -> str:
    """What the log says while the bot waits to start."""
    return f"waiting for the database: {describe_database_problem(error)}"


CLAIM_LOST = (
    "Another process has taken this one's shards, or the database did not answer for too long. Paperboy stops, so that "
    "nothing is sent twice. Start it again: it then waits until its shards are free."
)


def describe_index_problem(error: IndexUnusable) -> str:
    if error.is_taken:
        return (
            f"Another Paperboy uses the search index in {error.path.absolute()}. Stop that one, or give each process a "
            "folder of its own with PAPERBOY_INDEX."
        )
    return (
        f"{error.path.absolute()} can't be used for the search index ({error.detail}). Check that its folder exists "
        "and can be written to, or set PAPERBOY_INDEX to another folder."
    )


def describe_discord_unreachable(error: Exception) -> str:
    cause = type(error.__cause__ or error).__name__
    return f"Paperboy couldn't reach Discord ({cause}). Check the network, then try again."


def describe_close_code(code: int) -> str:
    """What to do when Discord has closed the connection with this code, for good."""
    return _CLOSE_CODES.get(code, f"Discord closed the connection for good (code {code}).")


def describe_papers_unavailable(error: PapersUnavailable) -> str:
    return f"{explain_reason(error.reason)} Try again later."


def describe_ready_bot(name: str, share: Share, servers: int, subscriptions: int, invite: str) -> str:
    shards = "" if share.is_whole else f"shards {share}, "
    counts = f"{count_noun(servers, 'server')}, {count_noun(subscriptions, 'subscription')}"
    return f"ready: {name}, {shards}{counts}, invite: {invite}"


def describe_missing_part(part: Part, look: Look) -> str:
    """A part of the brand that the application lacks: what it is now, and what it will be."""
    current = look.get(part)
    if part in PICTURES:
        return f"{part}: {'another picture' if current else 'none'} → {PICTURES[part]}"
    return f"{part}: {_quote(current) if current else 'none'} → {_quote(TEXTS[part])}"


def _quote(text: str) -> str:
    return f'"{cut_plain(" ".join(text.split()), 80)}"'


def describe_given_part(part: Part) -> str:
    later = ". People see it after the bot's next start" if part is Part.STATUS else ""
    return f"{part}: changed{later}."


def describe_rejected_part(rejected: PartRejected) -> str:
    if rejected.is_too_often:
        return (
            f"{rejected.part}: not changed. Discord lets a bot change it a few times an hour. Run `paperboy brand` "
            "again in an hour: it only changes what is missing."
        )
    return f"{rejected.part}: not changed. Discord said: {rejected.detail}"


CHANGE_BRAND = "Change this on Discord?"
NOTHING_MISSING = "Nothing to change: the application has its name, pictures, description, tags and status."


def describe_missing_extra(error: ImportError) -> str:
    return (
        f"the demo needs the extra `demo` ({error}). Install it with `make setup`; or install Paperboy again with "
        "[demo] after its name or path, such as pipx install --force './paperboy.whl[demo]'."
    )


def describe_unreadable_day(text: str) -> str:
    return f"'{text}' is not a day. Write it as 2026-01-31."


def describe_reversed_days(first: date, last: date) -> str:
    return f"the last day ({last}) is before the first day ({first})."


def describe_days_read(number: int) -> str:
    return f"{count_noun(number, 'day')} read."


def describe_days_unread(failures: Sequence[PapersUnavailable]) -> str:
    unread = count_noun(len(failures), "day")
    return f"{unread} could not be read. {explain_reason(failures[-1].reason)} Run the command again to retry."


def render_digest_panel(digest: Digest, day: date) -> Panel:
    """The digest over the list of `day`."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold yellow")
    table.add_column(ratio=1)
    for highlight in digest.highlights:
        if highlight.position > 1:
            table.add_row()
        table.add_row(f"▲ {highlight.upvotes}", _render_highlight(highlight))
    foot = (
        f"top {len(digest.highlights)} of {digest.listed_count} papers by upvotes"
        if digest.listed_count
        else "no papers were listed"
    )
    return Panel(table, title=f"Daily Papers · {format_day(day)}", subtitle=foot, border_style="yellow")


def _render_highlight(highlight: Highlight) -> Text:
    """A paper as a `Text`, in which rich reads no markup and no emoji codes, as it would in a `str`."""
    paper = highlight.paper
    facts = (
        count_noun(highlight.comments, "comment") if highlight.comments else "",
        count_noun(len(paper.authors), "author") if paper.authors else "",
        paper.organization or "",
    )
    return Text.assemble(
        (f"{highlight.position}. {paper.name}\n", "bold"),
        ("".join(f"{fact} · " for fact in facts if fact), "dim"),
        (f"{paper.url}\n", f"dim link {paper.url}"),
        cut_plain(take_first_sentences(paper.ai_summary or paper.abstract), SUMMARY),
    )
