"""What a person saved: pages of it, one paper with its note, and the modal in which the note is written."""

from collections.abc import Iterator, Sequence
from datetime import date

from discord import ButtonStyle, TextStyle
from discord.ui import ActionRow, Button, Label, LayoutView, Modal, Select, TextInput

from bot.citations import EXPORT_FORMATS, CitationFormat
from bot.layouts import search_notes
from bot.layouts.citation import FOR_WHAT
from bot.layouts.paper import (
    PaperBlock,
    build_panel,
    build_rows,
    describe_likeness,
    describe_paper_listing,
    join_facts,
    label_paper,
)
from bot.layouts.query_buttons import make_query_id
from bot.layouts.refusals import explain_refusal
from bot.layouts.results import build_page_buttons, describe_order, describe_page, render_paper_page
from bot.layouts.save_buttons import SAVED_PAGE, build_saved_page_button
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_LABEL,
    count_noun,
    cut_bytes,
    cut_plain,
    format_code_block,
    format_timestamp,
    join_words,
    make_link,
    mark_text_spans,
    measure_text,
    shorten,
)
from bot.lookups.finder import PER_PAGE
from bot.lookups.saved_finder import SavedHit, SavedResults
from bot.lookups.saved_query import SavedQuery
from bot.papers import Paper
from bot.refusals import Refusal, Refused
from bot.storage import MAX_NOTE, MAX_OWN_TAG, MAX_OWN_TAGS, SavedPaper

MAX_TYPED_TAGS = 500  # characters; ten of the longest tags take 318
READ, UNREAD, NOTED = "✓ Marked as read.", "✓ Marked as unread.", "✓ Saved."
_NOTE_ROOM, _TAGS_ROOM = 2600, 700  # as `measure_text` counts, of one paper; the modal has all of it
_TO_COPY = 8600  # bytes: all of the longest note, whatever its script
_NOTE_SHOWN = 120  # characters of a note in a list
_TAGS_SHOWN = 80
_TITLE = 200
_NOTHING_SAVED = (
    "## Nothing saved yet\nClick *Save* on a paper's card, or its number under a digest or a search. It waits for you "
    "here, with your notes and tags. Only you see what you save."
)


def render_saved_page(results: SavedResults) -> LayoutView:
    """A page of what was found among the saved papers."""
    found, query = results.found, results.query
    lines = [
        f"# Saved papers\n{_describe_found(results)}",
        *search_notes.list_search_notes(found),
        *describe_page(found.page, found.total),
    ]
    buttons = [
        *build_page_buttons(found.page, found.total, lambda key, page: make_query_id(f"saved:{key}{page}", query.text)),
        *_build_shown_button(results),
        *_build_as_typed_button(results),
    ]
    first = (found.page - 1) * PER_PAGE + 1
    blocks = [_build_block(position, each) for position, each in enumerate(results.hits, first)]
    rows = [_build_own_select(results.hits), *build_rows(buttons), _build_export_select(query)]
    return render_paper_page("\n".join(lines), blocks, rows, are_saved=True)


def _describe_found(results: SavedResults) -> str:
    """What was looked for, how many papers that are, and in which order they come."""
    found, query = results.found, results.query
    if query.wants_everything:
        counted = join_facts(count_noun(found.total, "paper"), f"{results.all_unread:,} unread")
    else:
        counted = search_notes.count_results(found)
    order = "last saved first" if query.comes_last_first else describe_order(query.query)
    return join_facts(_describe_wanted(query), f"{counted}, {order}")


def _describe_wanted(query: SavedQuery) -> str:
    """What was asked for; empty if it is all that was saved."""
    asked = [f"**{search_notes.render_query(query.query)}**"] if query.query.text else []
    return join_facts(*asked, *_describe_own_parts(query))


def _describe_own_parts(query: SavedQuery) -> Iterator[str]:
    """What a query asks for that only the person knows."""
    if query.is_read is not None:
        yield "read" if query.is_read else "unread"
    if query.has_note is not None:
        yield "with a note" if query.has_note else "without a note"
    for tag, wanted in query.tags:
        yield f"{'' if wanted else 'not '}tagged **{shorten(tag, MAX_OWN_TAG)}**"


def _build_block(position: int, each: SavedHit) -> PaperBlock:
    hit, paper = each.hit, each.hit.paper
    facts = join_facts(describe_likeness(hit.likeness), describe_paper_listing(paper))
    own = join_facts("✓ read" if each.saved.read_at else "", _show_note(each), _show_tags(each.saved.own_tags))
    return PaperBlock(position, paper, paper.upvotes, paper.comments, facts, hit.snippet, hit.posted_message, own)


def _show_note(each: SavedHit) -> str:
    """The piece of the note with the words that were looked for, or its beginning."""
    found = each.note_snippet
    if found.marks:
        room = _NOTE_SHOWN * len(found.text) // measure_text(found.text)  # fewer characters if they take many bytes
        shown = mark_text_spans(found.text, found.marks, room)
    else:
        shown = shorten(" ".join(each.saved.note.split()), _NOTE_SHOWN, measure_text)
    return f"“{shown}”" if shown else ""


def _show_tags(tags: Sequence[str]) -> str:
    return shorten(", ".join(tags), _TAGS_SHOWN, measure_text)


def _build_own_select(hits: Sequence[SavedHit]) -> ActionRow[LayoutView]:
    """A select that shows one of these papers with its note."""
    menu: Select[LayoutView] = Select(custom_id="savedpick", placeholder="Note, tags or read…")
    for each in hits:
        note = cut_bytes(cut_plain(" ".join(each.saved.note.split()), MAX_CHOICE // 2), MAX_CHOICE)
        described = join_facts("read" if each.saved.read_at else "unread", note)
        menu.add_option(label=label_paper(each.hit.paper), value=each.saved.paper_id, description=described)
    return ActionRow(menu)


def _build_export_select(query: SavedQuery) -> ActionRow[LayoutView]:
    """A select that gives all that the page's query finds as a file."""
    menu: Select[LayoutView] = Select(custom_id=make_query_id("export:s", query.text), placeholder="Export…")
    for each in EXPORT_FORMATS:
        menu.add_option(label=each.value, value=each.value, description=f"For {FOR_WHAT[each]}")
    return ActionRow(menu)


def describe_export_of_saved(query: SavedQuery, number: int, format_: CitationFormat, *, is_compressed: bool) -> str:
    """The text beside the file with what `query` found."""
    wanted, counted = _describe_wanted(query), count_noun(number, "paper")
    which = f": those that match {wanted}" if wanted else ""
    lines = [f"Here is what you saved, {counted} as {format_.value}, with your notes and tags{which}."]
    if is_compressed:
        lines.append("It is long, so it is compressed: unpack it with gzip.")
    lines.append("Only you see this message.")
    if not wanted:
        lines.append("With words after `/saved`, you can export just some of your papers.")
    return " ".join(lines)


def _build_shown_button(results: SavedResults) -> Iterator[Button[LayoutView]]:
    """*Unread*, if that leaves something out, or *All*, which also shows those again."""
    query = results.query
    if query.is_read is not None:
        yield Button(label="All", custom_id=make_query_id("saved:a1", query.with_read(None).text))
    elif 0 < results.all_unread < results.all_saved:
        yield Button(label="Unread", custom_id=make_query_id("saved:u1", query.with_read(False).text))


def _build_as_typed_button(results: SavedResults) -> Iterator[Button[LayoutView]]:
    if results.found.is_reworded:
        yield Button(label="Only what I typed", custom_id=make_query_id("saved:l1", results.uncorrected_text))


def render_nothing_found(results: SavedResults, today: date) -> LayoutView:
    """Why a page is empty, and where to go on."""
    query = results.query
    top = Button[LayoutView](label="Top papers of this week", custom_id=f"top:n1:week:{today.isoformat()}")
    if not results.all_saved:
        return build_panel(_NOTHING_SAVED, [top])
    everything = Button[LayoutView](label=f"All {results.all_saved:,} saved", custom_id=SAVED_PAGE)
    if query.is_read is False and query.with_read(None).wants_everything:
        return build_panel("## All read\nYou have read everything you saved.", [everything, top])
    lines = [f"Nothing you saved matches: {_describe_wanted(query)}."]
    if results.own_tags:
        lines.append(f"Your tags: {_show_tags(results.own_tags)}.")
    lines += search_notes.list_search_notes(results.found)
    buttons = [everything]
    if query.is_read is not None:
        label = "Read ones too" if query.is_read is False else "Unread ones too"
        buttons.append(Button(label=label, custom_id=make_query_id("saved:a1", query.with_read(None).text)))
    if query.query.reference:
        buttons.append(Button(label="Look it up", custom_id=f"details:{query.query.reference}"))
    elif query.query.clauses:
        buttons.append(Button(label="Search all papers", custom_id=make_query_id("find:o1", query.query.text)))
    buttons += _build_as_typed_button(results)
    return build_panel("\n".join(lines), buttons)


def render_saved_paper(paper: Paper, saved: SavedPaper, said: str = "") -> LayoutView:
    """What a person wrote about a paper, with what they can do with it. `said` is what was just done."""
    lines = [
        said,
        f"## {make_link(paper.name, paper.url, _TITLE)}",
        f"-# {_describe_times(saved)}",
        shorten(saved.note, _NOTE_ROOM, measure_text),
        f"**Your tags** {shorten(', '.join(saved.own_tags), _TAGS_ROOM, measure_text)}" if saved.own_tags else "",
    ]
    write = "Edit note and tags" if saved.note or saved.own_tags else "Add a note or tags"
    read = ("Mark as unread", "unread") if saved.read_at else ("Mark as read", "read")
    buttons = [
        Button[LayoutView](label=read[0], custom_id=f"savedone:{read[1]}:{paper.id}"),
        Button[LayoutView](label=write, custom_id=f"note:{paper.id}"),
        Button[LayoutView](label="Details", custom_id=f"details:{paper.id}"),
        Button[LayoutView](label="Remove", style=ButtonStyle.danger, custom_id=f"savedone:remove:{paper.id}"),
        build_saved_page_button(),
    ]
    return build_panel("\n".join(filter(None, lines)), buttons)


def _describe_times(saved: SavedPaper) -> str:
    """When it was saved, and what its reader did with it since."""
    read = f"read {format_timestamp(saved.read_at, 'R')}" if saved.read_at else "unread"
    return join_facts(f"Saved {format_timestamp(saved.saved_at, 'R')}", read)


def build_note_modal(paper: Paper | None, paper_id: str, note: str, tags: str) -> Modal:
    """The note and the tags of a paper, as they are or as they were mistyped."""
    modal = Modal(title="Note and tags", custom_id=f"note:{paper_id}")
    named = f"For “{cut_plain(paper.name, MAX_LABEL)}”" if paper else "For yourself"
    entry: TextInput[Modal] = TextInput(
        custom_id="note", style=TextStyle.paragraph, default=note or None, max_length=MAX_NOTE, required=False
    )
    modal.add_item(Label(text="Note", description=cut_plain(f"{named}. Only you see it.", MAX_CHOICE), component=entry))
    tag_entry: TextInput[Modal] = TextInput(
        custom_id="tags", default=tags or None, max_length=MAX_TYPED_TAGS, required=False
    )
    hint = f"Up to {MAX_OWN_TAGS}, with commas between them, such as thesis, to read"
    modal.add_item(Label(text="Your tags", description=hint, component=tag_entry))
    modal.stop()
    return modal


def render_unclear_tags(saved: SavedPaper, tags: Sequence[str], typed: str) -> LayoutView:
    """That the note is saved, but not these `tags`, why, and what was `typed`, to correct it."""
    problems = []
    if len(tags) > MAX_OWN_TAGS:
        problems.append(f"A paper can have up to {MAX_OWN_TAGS} tags, and these are {len(tags):,}.")
    if too_long := [each for each in tags if len(each) > MAX_OWN_TAG]:
        named = join_words([f"**{shorten(each, 60)}**" for each in too_long[:3]])
        problems.append(f"A tag can have up to {MAX_OWN_TAG} characters, so {named} doesn't fit.")
    text = f"{'Your note' if saved.note else 'The paper'} is saved, but not the tags. {' '.join(problems)}"
    edit = Button[LayoutView](label="Correct the tags", custom_id=make_query_id(f"note:{saved.paper_id}", typed))
    show = Button[LayoutView](label="See it", custom_id=f"savedone:show:{saved.paper_id}")
    return build_panel(text, [edit, show])


def render_unsaved_note(paper_id: str, refused: Refused, note: str, tags: str) -> LayoutView:
    """Why a note could not be saved, with what was typed, to copy; none of it is stored anywhere."""
    typed = format_code_block(cut_bytes("\n\n".join(filter(None, [note, tags])), _TO_COPY))
    has_room = refused.refusal is not Refusal.TOO_MANY_SAVED
    again = [Button[LayoutView](label="Try again", custom_id=f"note:{paper_id}")] if has_room else []
    text = f"{explain_refusal(refused)} Here is what you typed, to copy:\n{typed}"
    return build_panel(text, [*again, build_saved_page_button()])
