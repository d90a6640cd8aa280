"""The digest as it is posted: in one calm message, or with a message for each highlight."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from discord.ui import Button, Container, Item, LayoutView, Section, Separator, TextDisplay

from bot.digest import Digest, Highlight
from bot.layouts.headings import heading, plain_heading, small_heading
from bot.layouts.lines import legend, lines
from bot.layouts.paper import ACCENT, Block, block_head, details_select, facts, finished, picture, section, sections
from bot.layouts.reasons import explain
from bot.layouts.text import MAX_NAME, MAX_TEXT, count, cut, short_day, shorten, size, unlinked
from bot.papers import Paper
from bot.reasons import Reason
from bot.storage import Delivery, Form, Message
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Layout, Wish

PREVIEW = "Only you can see this preview. Upvotes and open lists may still change before the run."
_SPANS = {Cadence.DAILY: "today", Cadence.WEEKLY: "this week", Cadence.MONTHLY: "this month"}
_ABSTRACT = 1000  # characters, when a paper has its own message
_PLAIN_TITLE = 150


def quiet_message(reason: Reason | None, cadence: Cadence, nonce: str) -> LayoutView:
    """One line that says there is nothing to highlight."""
    button: Button[LayoutView] = Button(label="Show the list", custom_id=f"quiet:{nonce}")
    because = f" {explain(reason)}" if reason else ""
    return finished(Section(TextDisplay(f"Nothing new {_SPANS[cadence]}.{because}"), accessory=button))


def preview_message(digest: Digest, wish: Wish) -> LayoutView:
    """What would be posted if nothing changes; if that is several messages, the first one."""
    remark = f"\n-# {PREVIEW}"
    if not wish.posting.one_message_each:
        return _several(digest, digest.highlights, wish, None, remark=remark)
    more = len(digest.highlights) - 1
    return _single(digest, digest.highlights[0], wish, None, remark=remark + (f" {_more(more)}" if more else ""))


def delivery_message(delivery: Delivery, message: Message, *, ping: int | None = None) -> LayoutView:
    """A message of a delivery, as it is posted; in a simpler form if Discord refused the full one."""
    digest, wish, mention = delivery.digest, delivery.wish, _mention(ping)
    shown = delivery.highlights_in(message)
    if not shown:
        return quiet_message(digest.reason, wish.timetable.cadence, message.nonce)
    if message.is_plain:
        return _plain(digest, shown, wish, message.nonce, mention)
    if message.form is Form.BARE:
        shown, wish = tuple(map(_bare, shown)), _without_pictures(wish)
    if wish.posting.one_message_each:
        return _single(digest, shown[0], wish, message.nonce, mention=mention)
    return _several(digest, shown, wish, message.nonce, mention=mention)


def delivery_thread_name(delivery: Delivery, message: Message) -> str:
    """The name of the thread on a message of a delivery, or of its post in a forum."""
    shown = delivery.highlights_in(message)
    if not shown or not delivery.wish.posting.one_message_each:
        return thread_name(delivery.digest, delivery.wish)
    paper = replace(shown[0].paper, title="") if message.is_plain else shown[0].paper
    return paper_thread_name(paper)


def thread_name(digest: Digest, wish: Wish) -> str:
    """The name of the thread for a digest, as plain text."""
    return plain_heading(digest, wish.timetable.cadence)


def paper_thread_name(paper: Paper) -> str:
    """The name of the thread for a highlight, as plain text."""
    return cut(paper.name, MAX_NAME)


def _several(
    digest: Digest,
    shown: Sequence[Highlight],
    wish: Wish,
    nonce: str | None,
    *,
    mention: str = "",
    remark: str = "",
) -> LayoutView:
    """A message with the highlights that are `shown`: all of the digest's, or a part of them."""
    head = _head(digest, shown, wish) + remark
    room = MAX_TEXT - size(mention) - size(head)
    body = _body(shown, wish.posting.layout, nonce, room)
    container: Container[LayoutView] = Container(TextDisplay(head), Separator(), *body, accent_colour=ACCENT)
    return _under(mention, container)


def _head(digest: Digest, shown: Sequence[Highlight], wish: Wish) -> str:
    """The heading of the digest; a single line over a part that is not the first."""
    if shown[0].position == digest.highlights[0].position:
        return heading(digest, wish)
    return small_heading(digest, wish.timetable.cadence, [each.position for each in shown])


def _plain(digest: Digest, shown: Sequence[Highlight], wish: Wish, nonce: str, mention: str) -> LayoutView:
    """A line for each paper, without links that Discord could check; the select lists the papers by their ids."""
    title = f"**{plain_heading(digest, wish.timetable.cadence)}**"
    rows = (f"{each.position}. {shorten(_bare(each).paper.name, _PLAIN_TITLE)} ▲ {each.upvotes:,}" for each in shown)
    named = [replace(each.paper, title="", upvotes=each.upvotes) for each in shown]
    text = TextDisplay[LayoutView]("\n".join([title, *rows]))
    return _under(mention, text, details_select(named, nonce))


def _bare(highlight: Highlight) -> Highlight:
    """The highlight without links that leave Discord and Hugging Face."""
    paper = highlight.paper
    bare = replace(
        paper,
        title=unlinked(paper.title),
        abstract=unlinked(paper.abstract),
        ai_summary=unlinked(paper.ai_summary or "") or None,
        organization=unlinked(paper.organization or "") or None,
        github_repo=None,
        project_page=None,
        media_urls=(),
    )
    return replace(highlight, paper=bare)


def _without_pictures(wish: Wish) -> Wish:
    layout = Layout.LIST if wish.posting.layout is Layout.CARDS else wish.posting.layout
    return replace(wish, posting=replace(wish.posting, layout=layout))


def _body(shown: Sequence[Highlight], layout: Layout, nonce: str | None, room: int) -> Iterator[Item[LayoutView]]:
    if layout is Layout.COMPACT:
        yield TextDisplay(lines(shown))
        if marks := legend(shown):
            yield TextDisplay(marks)
        # The select shows the same upvotes as the paper's line, even if they have changed since.
        yield details_select([replace(each.paper, upvotes=each.upvotes) for each in shown], nonce)
        return
    if layout is Layout.CARDS:
        yield picture(shown[0].paper)
    yield from sections([_block(each) for each in shown], room, nonce)


def _single(
    digest: Digest, highlight: Highlight, wish: Wish, nonce: str | None, *, mention: str = "", remark: str = ""
) -> LayoutView:
    head = small_heading(digest, wish.timetable.cadence, [highlight.position]) + remark
    block = block_head(_block(highlight))
    container: Container[LayoutView] = Container(TextDisplay(head), accent_colour=ACCENT)
    if wish.posting.layout is Layout.CARDS:
        container.add_item(picture(highlight.paper))
    container.add_item(section(highlight.paper, block, nonce))
    if said := _said(highlight.paper, MAX_TEXT - size(mention) - size(head) - size(block)):
        container.add_item(TextDisplay(said))
    return _under(mention, container)


def _said(paper: Paper, room: int) -> str:
    """Its full summary; without one, the beginning of its abstract."""
    return shorten(paper.ai_summary or paper.abstract, room if paper.ai_summary else min(room, _ABSTRACT), size)


def _block(highlight: Highlight) -> Block:
    day = highlight.paper.day
    note = facts(
        f"highlighted on {short_day(highlight.seen_on)}" if highlight.seen_on else "",
        "not in a daily digest" if highlight.missed else "",
        f"rising since {short_day(day)}" if highlight.riser and day else "",
    )
    return Block(highlight.position, highlight.paper, highlight.upvotes, highlight.comments, note)


def _mention(role_id: int | None) -> str:
    return f"<@&{role_id}>" if role_id else ""


def _under(mention: str, *items: Item[LayoutView]) -> LayoutView:
    """A message with Components V2 has no content, so the mention gets its own text."""
    return finished(TextDisplay(mention), *items) if mention else finished(*items)


def _more(number: int) -> str:
    return f"{count(number, 'more message')} like this would follow, each with its own thread."
