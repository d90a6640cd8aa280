"""What a person saved: `/saved`, its pages, one paper with its note, and the modal in which that is written.

Everything is about the person who clicks: nobody sees or changes what another saved, whatever message a button is from.
"""

import asyncio
import io
import re
from collections.abc import Mapping, Sequence

import discord

from bot.answering import defer_answer, open_modal, reply
from bot.citations import EXPORT_FORMATS, CitationFile, CitationFormat
from bot.keyed_semaphores import KeyedSemaphores
from bot.layouts import saved as layout
from bot.layouts.saving import render_removed
from bot.lookups.saved_query import SavedQuery, clean_tag, parse_saved_query
from bot.papers import Paper
from bot.refusals import Refusal, Refused
from bot.storage import MAX_OWN_TAG, MAX_OWN_TAGS, MAX_SAVED, SavedPaper, Storage
from bot.text import fold_text, remove_invisible
from cogs.helpers.cards import PAPER_PATTERN, get_or_fetch_paper
from cogs.helpers.controls import Control, Interaction, ModalHandler, get_viewer, may_attach_files, show_page
from cogs.helpers.pages import PAGE_PATTERN, QUERY_PATTERN, fetch_examples, find_optional_text, keep_texts

_EXPORTED_AT_ONCE = 200  # papers
_EXPORTS = KeyedSemaphores(1)  # of each person
_BUILDING = KeyedSemaphores(2)  # of all: each may take some 60 MB, and processor time that others' answers need
_BETWEEN_TAGS = re.compile(r"[,;\n\uff0c\u3001]")


async def show_saved(interaction: Interaction, query: SavedQuery, page: int = 1) -> None:
    """Show a page of what the person saved."""
    services = interaction.client.services
    await fetch_examples(interaction, query.query)
    results = await services.saved_finder.find_saved(interaction.user.id, query, page, get_viewer(interaction))
    if results.found.total and not results.hits:
        raise Refused(Refusal.PAGE_GONE)
    if results.hits:
        view = layout.render_saved_page(results)
    else:
        view = layout.render_nothing_found(results, services.clock().date())
    await show_page(interaction, await keep_texts(interaction, results.list_queries(), view))


class SavedPageButton(Control, kind="saved", pattern=rf"{PAGE_PATTERN}(?::|{QUERY_PATTERN})", in_place=True):
    """Shows a page of what the person who clicks saved: of all that, or of what a query finds."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        text = await find_optional_text(interaction, match)
        query = parse_saved_query(text, interaction.client.services.clock().date())
        await show_saved(interaction, query, int(match["page"]))


class ExportSelect(Control, kind="export", pattern=rf"s(?::|{QUERY_PATTERN}):(?P<format>{'|'.join(EXPORT_FORMATS)})"):
    """Gives all that a page's query finds among what the person who clicks saved, as a file."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if not may_attach_files(interaction):
            raise Refused(Refusal.FILES_NOT_ALLOWED)
        await defer_answer(interaction)
        services, format_ = interaction.client.services, CitationFormat(match["format"])
        text = await find_optional_text(interaction, match)
        query = parse_saved_query(text, services.clock().date())
        async with _EXPORTS.get(interaction.user.id):
            async with _BUILDING.get("all"):
                file = CitationFile("saved-papers", format_)
                ids = await services.saved_finder.find_all(interaction.user.id, query)
                await _write_saved(file, services.storage, interaction.user.id, ids)
                export = await asyncio.to_thread(file.finish)
            if not file.count:
                await show_saved(interaction, query)  # which says why there is nothing
                return
            said = layout.describe_export_of_saved(query, file.count, format_, is_compressed=export.is_compressed)
            await reply(interaction, said, file=discord.File(io.BytesIO(export.content), export.name))


async def _write_saved(file: CitationFile, storage: Storage, user_id: int, ids: Sequence[str]) -> None:
    """Write these papers with their notes, some at a time, so that neither memory nor other people's answers suffer."""
    for start in range(0, len(ids), _EXPORTED_AT_ONCE):
        some = ids[start : start + _EXPORTED_AT_ONCE]
        saved = await storage.saved_papers.get_several(user_id, some)
        known = {paper.id: paper for paper in await storage.papers.get(some)}
        # One may have been removed meanwhile, and the archive may have lost one to a backup.
        papers = [known.get(each) or Paper(each, "", "") for each in some if each in saved]
        await asyncio.to_thread(file.add, papers, saved)


class SavedSelect(Control, kind="savedpick", pattern=PAPER_PATTERN):
    """Shows one of a page's papers with its note, beside the page."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, paper_id = interaction.client.services, match["paper"]
        saved = await services.storage.saved_papers.get(interaction.user.id, paper_id)
        if saved is None:
            raise Refused(Refusal.NOT_SAVED)
        paper = await get_or_fetch_paper(interaction, paper_id)
        await reply(interaction, layout.render_saved_paper(paper, saved))


class SavedPaperButton(
    Control, kind="savedone", pattern=rf"(?P<action>show|read|unread|remove):{PAPER_PATTERN}", in_place=True
):
    """Shows a saved paper, marks it as read or unread, or removes it."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, user_id, now = interaction.client.services, interaction.user.id, interaction.client.services.clock()
        table, paper_id, said = services.storage.saved_papers, match["paper"], ""
        saved: SavedPaper | None
        match match["action"]:
            case "remove":
                await table.remove(user_id, paper_id, now)
                await show_page(interaction, render_removed(paper_id, await services.finder.get_paper(paper_id)))
                return
            case "read":
                saved, said = await table.mark_read(user_id, paper_id, now), layout.READ
            case "unread":
                saved, said = await table.mark_read(user_id, paper_id, None), layout.UNREAD
            case _:
                saved = await table.get(user_id, paper_id)
        await show_saved_paper(interaction, paper_id, saved, said)


async def show_saved_paper(interaction: Interaction, paper_id: str, saved: SavedPaper | None, said: str) -> None:
    """Show a saved paper, and what was just done. Raises `Refused` if it is not saved any more."""
    if saved is None:
        raise Refused(Refusal.NOT_SAVED)
    paper = await get_or_fetch_paper(interaction, paper_id)
    await show_page(interaction, layout.render_saved_paper(paper, saved, said))


class NoteButton(Control, kind="note", pattern=rf"{PAPER_PATTERN}(?:{QUERY_PATTERN})?"):
    """Opens the modal of a paper's note and tags, with the tags as they were mistyped if they were."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, user_id, paper_id = interaction.client.services, interaction.user.id, match["paper"]
        saved = await services.storage.saved_papers.get(user_id, paper_id)
        if saved is None and await services.storage.saved_papers.count(user_id) >= MAX_SAVED:
            raise Refused(Refusal.TOO_MANY_SAVED, number=MAX_SAVED)  # before anything is typed
        typed = await find_optional_text(interaction, match)
        note, tags = (saved.note, ", ".join(saved.own_tags)) if saved else ("", "")
        paper = await services.finder.get_paper(paper_id)
        await open_modal(interaction, layout.build_note_modal(paper, paper_id, note, typed or tags))


class NoteModal(ModalHandler, kind="note", pattern=PAPER_PATTERN):
    """The note and the tags that somebody typed."""

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:
        services, user_id, paper_id = interaction.client.services, interaction.user.id, match["paper"]
        note, written = remove_invisible(typed.get("note", "")).strip(), typed.get("tags", "")
        tags = read_tags(written)
        can_be_saved = len(tags) <= MAX_OWN_TAGS and all(len(each) <= MAX_OWN_TAG for each in tags)
        try:
            saved = await services.storage.saved_papers.annotate(
                user_id, paper_id, note=note, own_tags=tags if can_be_saved else None, now=services.clock()
            )
            paper = await services.finder.get_paper(paper_id)
        except Refused as refused:
            await reply(interaction, layout.render_unsaved_note(paper_id, refused, note, written))
            return
        if can_be_saved:  # shown without asking for a paper that the archive has lost, as it is saved already
            shown = paper or Paper(paper_id, "", "")
            await show_page(interaction, layout.render_saved_paper(shown, saved, layout.NOTED))
        else:
            view = layout.render_unclear_tags(saved, tags, written)
            await show_page(interaction, await keep_texts(interaction, [written], view))


def read_tags(typed: str) -> Sequence[str]:
    """The tags in what was typed, as they are written; of those that differ only in case or accents, the first."""
    tags: dict[str, str] = {}
    for each in filter(None, map(clean_tag, _BETWEEN_TAGS.split(typed))):
        tags.setdefault(fold_text(each), each)
    return [*tags.values()]
