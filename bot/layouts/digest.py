"""The digest: one calm message with a heading and its highlights."""

from datetime import date

from discord.ui import Container, LayoutView, Separator, TextDisplay

from bot.digest import Digest, Highlight
from bot.layouts.paper import ACCENT, Block, finished, sections
from bot.layouts.text import MAX_TEXT, count, day_name, link, short_day

PREVIEW = "A preview for you alone. Votes go on, and a list that is still open may grow, until the run."


def digest_message(digest: Digest, nonce: str) -> LayoutView:
    """The message of a digest with highlights; `nonce` marks it as its delivery's, in every button."""
    return _message(digest, "", nonce)


def preview_message(digest: Digest) -> LayoutView:
    """What `digest_message` would show, as long as nothing changes."""
    return _message(digest, f"\n-# {PREVIEW}", None)


def _message(digest: Digest, remark: str, nonce: str | None) -> LayoutView:
    heading = f"# Daily Papers\n{_days(digest.days)}\n{_extent(digest)}{remark}"
    blocks = [_block(highlight) for highlight in digest.highlights]
    container: Container[LayoutView] = Container(
        TextDisplay(heading),
        Separator(),
        *sections(blocks, MAX_TEXT - len(heading), nonce),
        accent_colour=ACCENT,
    )
    return finished(container)


def _days(days: tuple[date, ...]) -> str:
    if len(days) == 1:
        return f"**{link(day_name(days[0]), f'https://huggingface.co/papers/date/{days[0]}')}**"
    return f"**{day_name(days[0])} – {day_name(days[-1])}**"


def _extent(digest: Digest) -> str:
    shown = len(digest.highlights)
    listed = count(digest.listed, "paper")
    if shown >= digest.listed:
        return f"All {listed}, by upvotes" if digest.listed > 1 else "The only paper"
    return f"Top {shown} of {listed} by upvotes" if shown > 1 else f"The most upvoted of {listed}"


def _block(highlight: Highlight) -> Block:
    day = highlight.paper.day
    note = f"rising since {short_day(day)}" if highlight.riser and day else ""
    return Block(highlight.position, highlight.paper, highlight.upvotes, highlight.comments, note)
