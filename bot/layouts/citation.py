"""The citation of a paper, to copy, with the other formats it can have."""

from discord.ui import ActionRow, Button, File, LayoutView, Select, TextDisplay

from bot.citations import CitationFormat, FittedCitation
from bot.layouts.paper import build_view, make_details_id
from bot.layouts.save_buttons import build_save_button
from bot.layouts.text import MAX_CONTENT, format_code_block
from bot.papers import Paper

MAX_CITATION = MAX_CONTENT - 40  # characters; the rest is around it
_LANGUAGES = {
    CitationFormat.BIBTEX: "bibtex",
    CitationFormat.CSL_JSON: "json",
    CitationFormat.CSV: "csv",
    CitationFormat.MARKDOWN: "markdown",
}
FOR_WHAT = {
    CitationFormat.BIBTEX: "LaTeX, Overleaf, JabRef",
    CitationFormat.RIS: "EndNote, Mendeley, Zotero",
    CitationFormat.CSL_JSON: "Zotero, pandoc",
    CitationFormat.CSV: "Excel, Google Sheets, Notion",
    CitationFormat.MARKDOWN: "Obsidian, GitHub",
    CitationFormat.PLAIN: "anything",
}
_WHOLE_IN_FILE = "-# That is too long for a message, so it is shortened here. The file has all of it."
_WHOLE_ELSEWHERE = (
    "-# That is too long for a message, so it is shortened here, and I may not attach files in this channel. "
    "In a direct message to me, `/paper cite` gives you all of it."
)


def render_citation(
    paper: Paper, format_: CitationFormat, fitted: FittedCitation, file_name: str | None = None
) -> LayoutView:
    """The citation in a code block; if it is shortened, with the attached file that has all of it."""
    parts: list[TextDisplay[LayoutView] | File[LayoutView]] = [
        TextDisplay(format_code_block(fitted.text, _LANGUAGES.get(format_, "")))
    ]
    if file_name:
        parts += [TextDisplay(_WHOLE_IN_FILE), File(f"attachment://{file_name}")]
    elif not fitted.is_whole:
        parts.append(TextDisplay(_WHOLE_ELSEWHERE))
    formats: Select[LayoutView] = Select(custom_id=f"cite:{paper.id}", placeholder="Another format…")
    for each in CitationFormat:
        formats.add_option(
            label=each.value, value=each.value, description=f"For {FOR_WHAT[each]}", default=each is format_
        )
    details = Button[LayoutView](label="Details", custom_id=make_details_id(paper.id))
    similar = Button[LayoutView](label="Similar", custom_id=f"similar:{paper.id}")
    return build_view(*parts, ActionRow(formats), ActionRow(details, similar, build_save_button(paper.id)))
