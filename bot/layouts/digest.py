"""The digest as it is posted: in one calm message, or each of its highlights in one of its own."""

from collections.abc import Iterator
from dataclasses import replace

from discord.ui import Button, Container, Item, LayoutView, Section, Separator, TextDisplay

from bot.digest import Digest, Highlight
from bot.layouts.headings import heading, plain_heading, small_heading
from bot.layouts.lines import legend, lines
from bot.layouts.paper import ACCENT, Block, block_head, details_select, facts, finished, picture, section, sections
from bot.layouts.reasons import explain
from bot.layouts.text import MAX_NAME, MAX_TEXT, cut, short_day, shorten, size
from bot.papers import Paper
from bot.reasons import Reason
from bot.storage import Delivery, Message
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Layout, Wish

PREVIEW = "A preview for you alone. Votes go on, and a list that is still open may grow, until the run."
_SPANS = {Cadence.DAILY: "today", Cadence.WEEKLY: "this week", Cadence.MONTHLY: "this month"}
_ABSTRACT = 1000  # characters, where a paper has a message of its own


def digest_message(digest: Digest, wish: Wish, nonce: str, *, ping: int | None = None) -> LayoutView:
    """A digest with highlights, in one message; `nonce` marks it as its delivery's, in every control.

    `ping` is the id of a role to mention.
    """
    return _whole(digest, wish, nonce, mention=_mention(ping))


def highlight_message(digest: Digest, number: int, wish: Wish, nonce: str, *, ping: int | None = None) -> LayoutView:
    """The highlight at position `number` alone, with more of what its paper says than a list has room for."""
    return _single(digest, number, wish, nonce, mention=_mention(ping))


def quiet_message(reason: Reason | None, cadence: Cadence, nonce: str) -> LayoutView:
    """That there is nothing to highlight, in a line."""
    button: Button[LayoutView] = Button(label="What was listed", custom_id=f"quiet:{nonce}")
    because = f" {explain(reason)}" if reason else ""
    return finished(Section(TextDisplay(f"Nothing new {_SPANS[cadence]}.{because}"), accessory=button))


def preview_message(digest: Digest, wish: Wish) -> LayoutView:
    """What would be posted, as long as nothing changes; of several messages, the first."""
    remark = f"\n-# {PREVIEW}"
    if not wish.posting.one_message_each:
        return _whole(digest, wish, None, remark=remark)
    more = len(digest.highlights) - 1
    return _single(digest, 1, wish, None, remark=remark + (f" {_more(more)}" if more else ""))


def delivery_message(delivery: Delivery, message: Message, *, ping: int | None = None) -> LayoutView:
    """A message of a delivery, as it is posted."""
    digest, wish = delivery.digest, delivery.wish
    if not digest.highlights:
        return quiet_message(digest.reason, wish.timetable.cadence, message.nonce)
    if wish.posting.one_message_each:
        return highlight_message(digest, message.number, wish, message.nonce, ping=ping)
    return digest_message(digest, wish, message.nonce, ping=ping)


def delivery_thread_name(delivery: Delivery, message: Message) -> str:
    """What the thread on a message of a delivery is called, or its post in a forum."""
    apart = delivery.wish.posting.one_message_each
    return thread_name(delivery.digest, delivery.wish, message.number if apart else None)


def thread_name(digest: Digest, wish: Wish, number: int | None) -> str:
    """What the thread for a digest is called, or for its highlight at position `number`: plain text."""
    if number is None:
        return plain_heading(digest, wish.timetable.cadence)
    paper = digest.highlights[number - 1].paper
    shows = any(letter.isprintable() and not letter.isspace() for letter in paper.title)
    return cut(paper.title, MAX_NAME) if shows else f"arXiv:{paper.id}"


def _whole(digest: Digest, wish: Wish, nonce: str | None, *, mention: str = "", remark: str = "") -> LayoutView:
    head = heading(digest, wish) + remark
    room = MAX_TEXT - size(mention) - size(head)
    body = _body(digest, wish.posting.layout, nonce, room)
    container: Container[LayoutView] = Container(TextDisplay(head), Separator(), *body, accent_colour=ACCENT)
    return _under(mention, container)


def _body(digest: Digest, layout: Layout, nonce: str | None, room: int) -> Iterator[Item[LayoutView]]:
    if layout is Layout.COMPACT:
        yield TextDisplay(lines(digest.highlights))
        if marks := legend(digest.highlights):
            yield TextDisplay(marks)
        # Votes go on: the select says the number that the paper's line says.
        yield details_select([replace(each.paper, upvotes=each.upvotes) for each in digest.highlights], nonce)
        return
    if layout is Layout.CARDS:
        yield picture(digest.highlights[0].paper)
    yield from sections([_block(each) for each in digest.highlights], room, nonce)


def _single(
    digest: Digest, number: int, wish: Wish, nonce: str | None, *, mention: str = "", remark: str = ""
) -> LayoutView:
    highlight = digest.highlights[number - 1]
    head = small_heading(digest, wish.timetable.cadence, number) + remark
    block = block_head(_block(highlight))
    container: Container[LayoutView] = Container(TextDisplay(head), accent_colour=ACCENT)
    if wish.posting.layout is Layout.CARDS:
        container.add_item(picture(highlight.paper))
    container.add_item(section(highlight.paper, block, nonce))
    if said := _said(highlight.paper, MAX_TEXT - size(mention) - size(head) - size(block)):
        container.add_item(TextDisplay(said))
    return _under(mention, container)


def _said(paper: Paper, room: int) -> str:
    """The whole of its summary, else the beginning of its abstract."""
    return shorten(paper.ai_summary or paper.abstract, room if paper.ai_summary else min(room, _ABSTRACT), size)


def _block(highlight: Highlight) -> Block:
    day = highlight.paper.day
    note = facts(
        f"highlighted on {short_day(highlight.seen_on)}" if highlight.seen_on else "",
        "missed by the dailies" if highlight.missed else "",
        f"rising since {short_day(day)}" if highlight.riser and day else "",
    )
    return Block(highlight.position, highlight.paper, highlight.upvotes, highlight.comments, note)


def _mention(role_id: int | None) -> str:
    return f"<@&{role_id}>" if role_id else ""


def _under(mention: str, container: Container[LayoutView]) -> LayoutView:
    """Beside Components V2 there is no content: a mention is a text of its own."""
    return finished(TextDisplay(mention), container) if mention else finished(container)


def _more(number: int) -> str:
    return f"{number} more like it would come, each with its thread."
