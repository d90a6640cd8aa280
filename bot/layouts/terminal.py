"""What the command line says: a digest, and in a line what the operator has to do."""

from collections.abc import Mapping, Sequence
from datetime import date

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.digest import Digest, Highlight
from bot.layouts.reasons import explain
from bot.layouts.text import count, day_name, first_sentences, plain
from bot.papers.api import PapersUnavailable
from bot.search import IndexRefused
from bot.storage import DatabaseProblem, DatabaseRefused

SUMMARY = 300  # characters
_FINAL: Mapping[int, str] = {
    4004: "DISCORD_TOKEN: Discord does not know this token. Copy it again from the developer portal.",
    4010: "Discord did not take a connection (code 4010). Start me again; should it stay so, update Paperboy.",
    4011: "Discord wants more connections for so many servers (code 4011). Start me again: then I ask how many.",
    4012: "Discord does not speak with this Paperboy any more (code 4012). Update Paperboy.",
    4013: "Discord does not know what this Paperboy wants to be told (code 4013). Update Paperboy.",
    4014: "Discord refused an intent (code 4014). Paperboy needs no privileged intent: update it.",
}
_DATABASE: Mapping[DatabaseProblem, str] = {
    DatabaseProblem.IN_USE: "{path} is in use: another Paperboy is running on it.",
    DatabaseProblem.IS_FOLDER: "{path} is a folder. Name a file in PAPERBOY_DATABASE.",
    DatabaseProblem.FOREIGN: "{path} is another program's database. Name another file in PAPERBOY_DATABASE.",
    DatabaseProblem.NEWER: (
        "{path} was written by a newer Paperboy ({detail}). Update Paperboy, or name another file in PAPERBOY_DATABASE."
    ),
    DatabaseProblem.UNUSABLE: "{path} cannot be used as Paperboy's database: {detail}",
    DatabaseProblem.DAMAGED: (
        "{path} is damaged ({detail}), and was not written to any more. Put the latest backup in its place, and let no "
        "{path}-wal lie beside it; or save what can be read: `sqlite3 {path} .recover | sqlite3 saved.db`. "
        "Papers that are lacking then are read again by `paperboy backfill`."
    ),
    DatabaseProblem.OLDER: (
        "{path} is in use by an older Paperboy, whose file is not changed under it. Stop that one, and try again."
    ),
}


def database_refused(error: DatabaseRefused) -> str:
    return _DATABASE[error.problem].format(path=error.path, detail=error.detail)


def index_refused(error: IndexRefused) -> str:
    return f"{error.path} cannot hold the search index: {error.detail}"


def discord_unreachable(error: Exception) -> str:
    return f"Discord could not be reached ({type(error).__name__}). Is the network up? Start me again then."


def discord_refused(code: int) -> str:
    """When Discord has closed the connection with this code, for good."""
    return _FINAL.get(code, f"Discord closed the connection for good (code {code}).")


def papers_unavailable(error: PapersUnavailable) -> str:
    return f"{explain(error.reason)} Try again later."


def ready(name: str, servers: int, subscriptions: int, invite: str) -> str:
    return f"ready: {name}, {count(servers, 'server')}, {count(subscriptions, 'subscription')}, invite: {invite}"


def extra_missing(error: ImportError) -> str:
    return f"the demo needs its extra: `make setup` installs it, or pip install '.[demo]' ({error})"


def days_reversed(first: date, last: date) -> str:
    return f"the days end on {last}, before they begin on {first}"


def days_read(number: int) -> str:
    return f"{count(number, 'day')} read."


def days_unread(failures: Sequence[PapersUnavailable]) -> str:
    unread = count(len(failures), "day")
    return f"{unread} could not be read. {explain(failures[-1].reason)} Run it again for them."


def digest_panel(digest: Digest, day: date) -> Panel:
    """The digest over the list of `day`."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold yellow")
    table.add_column(ratio=1)
    for highlight in digest.highlights:
        if highlight.position > 1:
            table.add_row()
        table.add_row(f"▲ {highlight.upvotes}", _text(highlight))
    foot = (
        f"top {len(digest.highlights)} of {digest.listed} papers by upvotes"
        if digest.listed
        else "no papers were listed"
    )
    return Panel(table, title=f"Daily Papers · {day_name(day)}", subtitle=foot, border_style="yellow")


def _text(highlight: Highlight) -> Text:
    """The words of strangers as they are: rich reads markup and emoji codes in a str, none in a Text."""
    paper = highlight.paper
    facts = (
        count(highlight.comments, "comment") if highlight.comments else "",
        count(len(paper.authors), "author") if paper.authors else "",
        paper.organization or "",
    )
    return Text.assemble(
        (f"{highlight.position}. {paper.name}\n", "bold"),
        ("".join(f"{fact} · " for fact in facts if fact), "dim"),
        (f"{paper.url}\n", f"dim link {paper.url}"),
        plain(first_sentences(paper.ai_summary or paper.abstract), SUMMARY),
    )
