"""The digest as it is posted: in one calm message, or with a message for each highlight."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from discord.ui import ActionRow, Button, Container, Item, LayoutView, Section, Separator, TextDisplay

from bot.digest import Digest, Highlight
from bot.layouts.compact_list import render_highlight_lines, render_mark_legend
from bot.layouts.digest_foot import build_foot_buttons
from bot.layouts.headings import render_digest_heading, render_highlight_heading, render_plain_digest_heading
from bot.layouts.paper import (
    ACCENT,
    PaperBlock,
    build_details_select,
    build_paper_list,
    build_paper_picture,
    build_paper_section,
    build_rows,
    build_view,
    describe_likeness,
    join_facts,
    render_block_head,
)
from bot.layouts.personal_digest import number_papers, render_personal_digest, render_plain_personal_digest
from bot.layouts.reasons import explain_reason
from bot.layouts.save_buttons import build_save_button, build_save_rows, measure_save_rows
from bot.layouts.text import (
    MAX_TEXT,
    MAX_THREAD_NAME,
    compute_text_room,
    count_noun,
    cut_line,
    format_month_day,
    format_short_day,
    measure_text,
    remove_urls,
    shorten,
)
from bot.papers import Paper
from bot.reasons import Reason
from bot.storage import Delivery, Message, MessageForm
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, DigestSettings

Buttons = Sequence[Button[LayoutView]]
PREVIEW = "Only you can see this preview. Upvotes and open lists may still change before the run."
_PERIOD_NAMES = {Cadence.DAILY: "today", Cadence.WEEKLY: "this week", Cadence.MONTHLY: "this month"}
_ABSTRACT = 1000  # characters, when a paper has its own message
_PLAIN_TITLE = 150


def render_quiet_message(reason: Reason | None, cadence: Cadence, nonce: str) -> LayoutView:
    """One line that says there is nothing to highlight."""
    button: Button[LayoutView] = Button(label="Show the list", custom_id=f"quiet:{nonce}")
    because = f" {explain_reason(reason)}" if reason else ""
    return build_view(Section(TextDisplay(f"Nothing new {_PERIOD_NAMES[cadence]}.{because}"), accessory=button))


def render_digest_preview(digest: Digest, settings: DigestSettings, subscription_id: int | None = None) -> LayoutView:
    """What would be posted if nothing changes; if that is several messages, the first one."""
    remark, foot = f"\n-# {PREVIEW}", [*build_foot_buttons(digest, digest.highlights, subscription_id)]
    if not settings.posting.has_message_per_paper:
        return _render_digest_message(digest, digest.highlights, settings, None, foot, remark=remark)
    more = len(digest.highlights) - 1
    if more:
        remark += f" {count_noun(more, 'more message')} like this would follow, each with its own thread."
    return _render_highlight_message(digest, digest.highlights[0], settings, None, [] if more else foot, remark=remark)


def render_delivery_message(delivery: Delivery, message: Message, *, ping: int | None = None) -> LayoutView:
    """A message of a delivery as it is posted, in a simpler form if Discord rejected one; `ping` is a role's id."""
    digest, settings, mention = delivery.digest, delivery.settings, f"<@&{ping}>" if ping else ""
    shown = delivery.get_highlights(message)
    if not shown:
        return render_quiet_message(digest.reason, settings.schedule.cadence, message.nonce)
    is_extra = delivery.extra > 0
    if message.is_plain and delivery.user_id:
        bare = [*map(_remove_links, shown)]
        return render_plain_personal_digest(digest, bare, message.nonce, is_extra=is_extra)
    foot = [*build_foot_buttons(digest, shown, delivery.subscription_id)]
    if message.is_plain:
        return _render_plain_digest(digest, shown, settings, message.nonce, foot, mention)
    if message.form is MessageForm.UNLINKED:
        shown, settings = tuple(map(_remove_links, shown)), _remove_pictures(settings)
    if delivery.user_id:
        return render_personal_digest(digest, shown, settings.posting.layout, message.nonce, is_extra=is_extra)
    if settings.posting.has_message_per_paper:
        return _render_highlight_message(digest, shown[0], settings, message.nonce, foot, mention=mention)
    return _render_digest_message(digest, shown, settings, message.nonce, foot, mention=mention)


def get_delivery_thread_name(delivery: Delivery, message: Message) -> str:
    """The name of the thread on a message of a delivery, or of its post in a forum."""
    shown = delivery.get_highlights(message)
    if not shown or not delivery.settings.posting.has_message_per_paper:
        return get_digest_thread_name(delivery.digest, delivery.settings)
    paper = replace(shown[0].paper, title="") if message.is_plain else shown[0].paper
    return get_paper_thread_name(paper)


def get_digest_thread_name(digest: Digest, settings: DigestSettings) -> str:
    """The name of the thread for a digest, as plain text."""
    return render_plain_digest_heading(digest, settings.schedule.cadence)


def get_paper_thread_name(paper: Paper) -> str:
    """The name of the thread for a highlight, as plain text."""
    return cut_line(paper.name, MAX_THREAD_NAME)


def _render_digest_message(
    digest: Digest,
    shown: Sequence[Highlight],
    settings: DigestSettings,
    nonce: str | None,
    foot: Buttons,
    *,
    mention: str = "",
    remark: str = "",
) -> LayoutView:
    """A message with the highlights that are `shown`: all of the digest's, or a part of them.

    A part that is not the first has only a small heading.
    """
    if shown[0].position == digest.highlights[0].position:
        head = render_digest_heading(digest, settings) + remark
    else:
        positions = [each.position for each in shown]
        head = render_highlight_heading(digest, settings.schedule.cadence, positions) + remark
    if date_seen := _find_shared_seen_date(shown):
        head += f"\n-# All highlighted on {format_short_day(date_seen)}"
        shown = [replace(each, seen_on=None) for each in shown]
    used = measure_text(mention) + measure_text(head)
    body = _build_digest_body(shown, settings.posting.layout, nonce, foot, used)
    container: Container[LayoutView] = Container(TextDisplay(head), Separator(), *body, accent_colour=ACCENT)
    return _put_under_mention(mention, container)


def _find_shared_seen_date(shown: Sequence[Highlight]) -> date | None:
    """The date of the one daily digest that had all these highlights of a recap, if they are several."""
    dates = {each.seen_on for each in shown}
    return dates.pop() if len(shown) > 1 and len(dates) == 1 else None


def _render_plain_digest(
    digest: Digest, shown: Sequence[Highlight], settings: DigestSettings, nonce: str, foot: Buttons, mention: str
) -> LayoutView:
    """A line for each paper, without links that Discord could check; the select lists the papers by their ids."""
    title = f"**{render_plain_digest_heading(digest, settings.schedule.cadence)}**"
    rows = (
        join_facts(
            f"{each.position}. {shorten(_remove_links(each).paper.name, _PLAIN_TITLE)} ▲ {each.upvotes:,}",
            describe_likeness(each.likeness),
        )
        for each in shown
    )
    named = [replace(each.paper, title="", upvotes=each.upvotes) for each in shown]
    text = TextDisplay[LayoutView]("\n".join([title, *rows]))
    controls = [build_details_select(named, nonce), *build_save_rows(number_papers(shown)), *build_rows(foot)]
    return _put_under_mention(mention, text, *controls)


def _remove_links(highlight: Highlight) -> Highlight:
    """The highlight without links that leave Discord and Hugging Face."""
    paper = highlight.paper
    bare = replace(
        paper,
        title=remove_urls(paper.title),
        abstract=remove_urls(paper.abstract),
        ai_summary=remove_urls(paper.ai_summary or "") or None,
        organization=remove_urls(paper.organization or "") or None,
        github_repo=None,
        project_page=None,
        media_urls=(),
    )
    return replace(highlight, paper=bare)


def _remove_pictures(settings: DigestSettings) -> DigestSettings:
    layout = DigestLayout.LIST if settings.posting.layout is DigestLayout.CARDS else settings.posting.layout
    return replace(settings, posting=replace(settings.posting, layout=layout))


def _build_digest_body(
    shown: Sequence[Highlight], layout: DigestLayout, nonce: str | None, foot: Buttons, used: int
) -> Iterator[Item[LayoutView]]:
    """The highlights and what opens their details; `used` is the size of the other texts of the message."""
    pictures = [build_paper_picture(shown[0].paper)] if layout is DigestLayout.CARDS else []
    yield from pictures
    # The select shows the same upvotes as the paper's line, even if they have changed since.
    select = build_details_select([replace(each.paper, upvotes=each.upvotes) for each in shown], nonce)
    numbered = number_papers(shown)
    controls = [select, *build_save_rows(numbered), *build_rows(foot)]
    room = compute_text_room(each.to_component_dict() for each in [*pictures, *controls])
    room -= used + measure_save_rows(numbered)
    if layout is DigestLayout.COMPACT:
        marks = render_mark_legend(shown)
        yield TextDisplay(
            "\n".join(filter(None, (render_highlight_lines(tuple(shown), room - measure_text(marks)), marks)))
        )
    else:
        yield build_paper_list([_build_highlight_block(each) for each in shown], room)
    yield from controls


def _render_highlight_message(
    digest: Digest,
    highlight: Highlight,
    settings: DigestSettings,
    nonce: str | None,
    foot: Buttons,
    *,
    mention: str = "",
    remark: str = "",
) -> LayoutView:
    head = render_highlight_heading(digest, settings.schedule.cadence, [highlight.position]) + remark
    block = render_block_head(_build_highlight_block(highlight))
    container: Container[LayoutView] = Container(TextDisplay(head), accent_colour=ACCENT)
    if settings.posting.layout is DigestLayout.CARDS:
        container.add_item(build_paper_picture(highlight.paper))
    container.add_item(build_paper_section(highlight.paper, block, nonce))
    room = MAX_TEXT - measure_text(mention) - measure_text(head) - measure_text(block)
    if summary := _shorten_summary(highlight.paper, room):
        container.add_item(TextDisplay(summary))
    container.add_item(ActionRow(build_save_button(highlight.paper.id), *foot))
    return _put_under_mention(mention, container)


def _shorten_summary(paper: Paper, room: int) -> str:
    """Its full summary, or if it has none, the beginning of its abstract."""
    if paper.ai_summary:
        return shorten(paper.ai_summary, room, measure_text)
    return shorten(paper.abstract, min(room, _ABSTRACT), measure_text)


def _build_highlight_block(highlight: Highlight) -> PaperBlock:
    day = highlight.paper.day
    note = join_facts(
        describe_likeness(highlight.likeness),
        f"highlighted on {format_month_day(highlight.seen_on)}" if highlight.seen_on else "",
        "not in a daily digest" if highlight.is_missed else "",
        f"rising since {format_month_day(day)}" if highlight.is_riser and day else "",
    )
    return PaperBlock(highlight.position, highlight.paper, highlight.upvotes, highlight.comments, note)


def _put_under_mention(mention: str, *items: Item[LayoutView]) -> LayoutView:
    """A message with Components V2 has no content, so the mention gets its own text."""
    return build_view(TextDisplay(mention), *items) if mention else build_view(*items)
