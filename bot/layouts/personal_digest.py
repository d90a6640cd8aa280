"""A person's digest: one calm message, in which each paper says why it came, with buttons to get less of it."""

from collections.abc import Iterator, Sequence

from discord.ui import ActionRow, Button, Container, Item, LayoutView, MediaGallery, Select, Separator, TextDisplay

from bot.digest import Digest, Highlight
from bot.layouts.headings import name_days
from bot.layouts.paper import (
    ACCENT,
    PaperBlock,
    build_paper_list,
    build_paper_picture,
    build_view,
    describe_likeness,
    join_facts,
)
from bot.layouts.reasons import explain_reason
from bot.layouts.save_buttons import build_save_rows, measure_save_rows
from bot.layouts.text import (
    MAX_CHOICES,
    compute_text_room,
    count_noun,
    cut_bytes,
    format_code,
    format_day,
    format_short_day,
    join_words,
    make_link,
    measure_text,
    shorten,
)
from bot.storage import INBOX, get_query_key
from bot.subscription.settings import DigestLayout

MOST_BLOCKS = 10  # of more papers, each gets a line
_NAMED_QUERIES = 2  # on a paper's line
_QUERY_SHOWN = 40  # characters
_LABEL = 80  # bytes of a paper in a select, if there are few of them
_LABELS = 900  # bytes of all papers in a select
_TITLES = (200, 150, 120, 100, 80, 60, 50, 40, 30, 20)  # characters, until the lines fit


def render_personal_digest(
    digest: Digest, shown: Sequence[Highlight], layout: DigestLayout, nonce: str, *, is_extra: bool = False
) -> LayoutView:
    """A message with the highlights that are `shown`: all of the digest's, or a part of them.

    `is_extra` if its papers came at once. The `nonce` is in the custom_ids, as in a server's digest.
    """
    head = _render_head(digest, shown, is_extra=is_extra)
    foot = _describe_rest(digest, shown)
    frame: list[Item[LayoutView]] = [*build_personal_controls(shown, nonce)]
    picture: list[MediaGallery[LayoutView]] = []
    if layout is DigestLayout.CARDS and len(shown) <= MOST_BLOCKS:
        picture.append(build_paper_picture(shown[0].paper))
    room = compute_text_room(each.to_component_dict() for each in [*frame, *picture])
    room -= measure_text(head) + measure_text(foot) + measure_save_rows(number_papers(shown))
    papers = _build_papers(shown, layout, room)
    foots = [TextDisplay[LayoutView](foot)] if foot else []
    return build_view(Container(TextDisplay(head), Separator(), *picture, papers, *foots, *frame, accent_colour=ACCENT))


def render_personal_preview(digest: Digest, layout: DigestLayout) -> LayoutView:
    """What would come if it came now, for the person's eyes only; or that nothing would."""
    if not digest.highlights:
        because = f" {explain_reason(digest.reason)}" if digest.reason else ""
        return build_view(
            TextDisplay(
                f"The next one would be empty right now.{because} You get a message only if there is something new."
            )
        )
    shown = digest.highlights
    head = f"{_render_head(digest, shown, is_extra=False)}\n-# Only you can see this preview. Upvotes may still change."
    select = _build_paper_select("pick", "Details of…", shown, named=True)
    picture = [build_paper_picture(shown[0].paper)] if layout is DigestLayout.CARDS else []
    saving = [*build_save_rows(number_papers(shown))]
    room = compute_text_room(each.to_component_dict() for each in [select, *saving, *picture])
    room -= measure_text(head) + measure_save_rows(number_papers(shown))
    papers = _build_papers(shown, layout, room)
    return build_view(
        Container(TextDisplay(head), Separator(), *picture, papers, select, *saving, accent_colour=ACCENT)
    )


def render_plain_personal_digest(
    digest: Digest, shown: Sequence[Highlight], nonce: str, *, is_extra: bool = False
) -> LayoutView:
    """A line for each paper, without links that Discord could check; the select lists the papers by their ids."""
    title = f"**{_name_digest(is_extra=is_extra)}, {name_days(digest, format_short_day)}**"
    controls = [*build_personal_controls(shown, nonce, named=False)]
    room = compute_text_room(each.to_component_dict() for each in controls)
    room -= measure_save_rows(number_papers(shown))
    for width in _TITLES:
        text = "\n".join([title, *(_render_plain_line(each, width) for each in shown)])
        if measure_text(text) <= room:
            break
    return build_view(TextDisplay(text), *controls)


def describe_why(highlight: Highlight, width: int = _QUERY_SHOWN) -> str:
    """Why a paper came: `` follows `author:LeCun` · 0.83 like 2605.29801 ``."""
    queries = [each for each in highlight.followed if each != INBOX]
    named = [format_code(each, width) for each in queries[:_NAMED_QUERIES]]
    if len(queries) > _NAMED_QUERIES:
        named.append(f"{len(queries) - _NAMED_QUERIES} more")
    return join_facts(
        f"follows {join_words(named)}" if named else "",
        describe_likeness(highlight.likeness),
        "inbox" if INBOX in highlight.followed else "",
    )


# What it says


def _render_head(digest: Digest, shown: Sequence[Highlight], *, is_extra: bool) -> str:
    name = _name_digest(is_extra=is_extra)
    if shown[0].position != digest.highlights[0].position:
        first, last = shown[0].position, shown[-1].position
        which = f"{first}" if first == last else f"{first}–{last}"
        days = name_days(digest, format_short_day)
        return f"-# {join_facts(name, days, f'{which} of {digest.highlights[-1].position}')}"
    return f"# {name}\n**{name_days(digest, format_day)}**\n-# {_describe_count(digest)}"


def _name_digest(*, is_extra: bool) -> str:
    return "Just in" if is_extra else "Your papers"


def _describe_count(digest: Digest) -> str:
    """How many papers there are, and where they come from."""
    papers = count_noun(len(digest.highlights), "paper")
    followed = any(query != INBOX for each in digest.highlights for query in each.followed)
    inbox = any(INBOX in each.followed for each in digest.highlights)
    from_where = join_words([*(["what you follow"] if followed else []), *(["your inbox"] if inbox else [])] or ["you"])
    if digest.left_count:
        return f"{papers} of {len(digest.highlights) + digest.left_count:,} from {from_where}, by upvotes"
    return f"{papers} from {from_where}"


def _describe_rest(digest: Digest, shown: Sequence[Highlight]) -> str:
    """How many papers are left for the next digest, under the last ones of this one."""
    left = digest.left_count
    if not left or shown[-1].position != digest.highlights[-1].position:
        return ""
    come = "comes" if left == 1 else "come"
    more = f"{count_noun(left, 'more paper')} {come} with the next digest"
    return f"-# {more}. Too many? Add `min:50` to what you follow."


def _build_papers(shown: Sequence[Highlight], layout: DigestLayout, room: int) -> TextDisplay[LayoutView]:
    if layout is DigestLayout.COMPACT or len(shown) > MOST_BLOCKS:
        return TextDisplay(_render_lines(shown, room))
    return build_paper_list([_build_block(each) for each in shown], room)


def _build_block(highlight: Highlight) -> PaperBlock:
    paper = highlight.paper
    return PaperBlock(highlight.position, paper, highlight.upvotes, highlight.comments, why=describe_why(highlight))


def _render_lines(shown: Sequence[Highlight], room: int) -> str:
    """A line for each paper; titles and queries are cut only as far as it takes."""
    for width in _TITLES:
        lines = [_render_line(each, width) for each in shown]
        if measure_text("\n".join(lines)) <= room:
            break
    return "\n".join(lines)


def _render_line(highlight: Highlight, width: int) -> str:
    link = make_link(cut_bytes(highlight.paper.name, width) or highlight.paper.id, highlight.paper.url, width)
    why = describe_why(highlight, min(width, _QUERY_SHOWN))
    return f"-# **{highlight.position}.** {link} " + join_facts(f"▲\u00a0{highlight.upvotes:,}", why)


def _render_plain_line(highlight: Highlight, width: int) -> str:
    name = shorten(highlight.paper.name, width, measure_text) or highlight.paper.id
    return f"{highlight.position}. {name} ▲ {highlight.upvotes:,}"


# Controls


def build_personal_controls(
    shown: Sequence[Highlight], nonce: str, *, named: bool = True
) -> Iterator[Item[LayoutView]]:
    """What opens the details, what saves a paper, and what makes such papers come less often, or not at all."""
    yield _build_paper_select(f"pick:{nonce}", "Details of…", shown, named=named)
    yield from build_save_rows(number_papers(shown))
    buttons: list[Button[LayoutView]] = []
    if len(shown) <= MOST_BLOCKS:
        yield _build_paper_select(f"less:{nonce}", "Less like…", shown, named=named)
    else:  # a second select would not leave enough room for the papers
        buttons += [
            Button(label="Save…", custom_id="save:which"),
            Button(label="Less like this", custom_id=f"less:{nonce}"),
        ]
    queries = {query for each in shown for query in each.followed}
    if len(queries) == 1:
        buttons.append(Button(label="Stop this", custom_id=f"stop:this:{nonce}:{get_query_key(*queries)}"))
    else:
        buttons.append(Button(label="Stop one of these", custom_id=f"stop:which:{nonce}"))
    buttons += [
        Button(label="Stop all", custom_id=f"stop:all:{nonce}"),
        Button(label="What you follow", custom_id=f"following:show:{nonce}"),
    ]
    yield ActionRow(*buttons)


def number_papers(shown: Sequence[Highlight]) -> list[tuple[int, str]]:
    """The positions and ids of what is shown."""
    return [(each.position, each.paper.id) for each in shown]


def _build_paper_select(
    custom_id: str, placeholder: str, shown: Sequence[Highlight], *, named: bool
) -> ActionRow[LayoutView]:
    """A select of papers, whose labels are cut so that two of them leave room for the text."""
    select: Select[LayoutView] = Select(custom_id=custom_id, placeholder=placeholder)
    options = [*shown][:MAX_CHOICES]
    width = min(_LABEL, _LABELS // len(options))
    for each in options:
        name = each.paper.name if named else each.paper.id
        label = cut_bytes(f"{each.position}. {name}", width)
        select.add_option(label=label, value=each.paper.id)
    return ActionRow(select)
