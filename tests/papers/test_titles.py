"""Titles: shown as their authors meant them, everywhere, whatever strangers wrote."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.citations import CitationFormat, fit_citation
from bot.demo.papers_server import PapersServer
from bot.layouts.card import render_paper_card
from bot.layouts.citation import MAX_CITATION, render_citation
from bot.layouts.digest import get_paper_thread_name
from bot.layouts.results import render_hub_results, render_similar_papers
from bot.layouts.terminal import render_digest_panel
from bot.layouts.text import cut_line, cut_plain, escape_markdown, format_code, make_link, mark_text_spans
from bot.lookups.finder import Hit, PaperDetails
from bot.papers import Paper
from bot.papers.titles import replace_latex
from bot.search import parse_query
from bot.subscription.settings import DigestLayout
from bot.text import join_lines, remove_invisible
from tests.support.builders import DAY, build_settings, digest_message, entry, highlight_message, paper
from tests.support.layouts import NONCE, check, components_of, digest_of
from tests.support.markdown import links, visible
from tests.support.messages import answer, read_texts
from tests.support.server import Server, post
from tests.support.shared_cases import shared_cases

URL = "https://huggingface.co/papers/2601.00001"
INVISIBLE = "\u200b\u202e\u2066\u2800\u3164\ufe0f"
marks = st.sampled_from(r"\*_~`|[]()<>#:@ .") | st.sampled_from(["🔥", "word ", "研究", "://", "\u202e"])


def first_lines(known: Paper) -> list[str]:
    """The lines with the title of a paper, in every message that has one."""
    digest = digest_of(known)
    views = [
        *(digest_message(digest, build_settings(layout=layout), NONCE) for layout in DigestLayout),
        *(highlight_message(digest, 1, build_settings(layout=layout), NONCE) for layout in DigestLayout),
        render_paper_card(PaperDetails(known)),
        render_similar_papers(known, [Hit(known)]),
        render_hub_results(parse_query("words", DAY), [known]),
    ]
    lines = [line for view in views for text in check(view) for line in text.split("\n")]
    return [line for line in lines if f"]({URL})" in line]


@pytest.mark.parametrize(("title", "seen"), shared_cases("titles"))
def test_real_titles_are_shown_as_people_read_them(title: str, seen: str) -> None:
    known = paper("2601.00001", title=title)
    assert get_paper_thread_name(known) == seen
    lines = first_lines(known)
    assert len(lines) == 10
    for line in lines:
        ((label, url),) = links(line)
        assert url == URL
        assert not re.search(r"[\\*_~`|\[\]<>#]|://", label)
        shown = visible(line).replace("…", "")
        assert shown.startswith((f"### 1. {seen}", f"-# **1.** {seen[:38]}", f"## {seen}", f"to **{seen}**"))


@pytest.mark.parametrize(
    ("title", "markdown"),
    [
        ("Plain words", f"[Plain words]({URL})"),
        ("S*: Test Time Scaling", rf"S\*: [Test Time Scaling]({URL})"),
        ("Let's <think> about it", rf"Let's \<think\> [about it]({URL})"),
        ("A fire 🔥 in words", f"A fire 🔥 [in words]({URL})"),
        ("Say :fire: twice", f"Say :fire: [twice]({URL})"),
        ("Deep_Seek", rf"[Deep]({URL})\_Seek"),
        ("***", rf"\*\*\* [→]({URL})"),
        ("🔥🔥", f"🔥🔥 [→]({URL})"),
        ("", f"[→]({URL})"),
    ],
)
def test_a_link_takes_the_words_that_need_no_backslash(title: str, markdown: str) -> None:
    assert make_link(title, URL) == markdown


@given(st.lists(marks, max_size=60).map("".join))
def test_any_title_is_read_whole_and_its_link_works(title: str) -> None:
    markdown = make_link(title, URL, 2000)
    assert [url for _, url in links(markdown)] == [URL]
    assert visible(markdown).removesuffix("→").strip() == join_lines(title)
    ((label, _),) = links(markdown)
    assert not re.search(r"[\\*_~`|<>#\[\]🔥]|://", label)
    live = re.sub(r"\\.", "", markdown.replace(f"[{label}]({URL})", label))
    assert not re.search(r"[*_~`|<>#\[\]]", live)


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        ("Mean--Variance", "Mean–Variance"),
        ("One --- two", "One — two"),
        ("A ---- b", "A ---- b"),
        (r"$\pi_0$: A Flow Model", "π₀: A Flow Model"),
        (r"$\pi_{\text{RL}}$", "π_RL"),
        (r"π$_{\mathrm{RL}}$", "π_RL"),
        (r"$\beta$-VAE and A$^2$C", "β-VAE and A²C"),
        (r"In $O(n\log n)$ steps", "In O(n log n) steps"),
        (r"$\mathcal{O}(n^{2})$", "O(n²)"),
        (r"360$^\circ$ at $\leq 5\%$", "360° at ≤ 5%"),
        (r"$\frac{1}{2}$ of $\{a\}$", "1/2 of {a}"),
        (r"Learning \beta-Divergences", "Learning β-Divergences"),
        (r"Prefill \& Decode", "Prefill & Decode"),
        (r"\$OneMillion-Bench", "$OneMillion-Bench"),
        ("X^{2}-Gaussian and SL^{2}A", "X²-Gaussian and SL²A"),
        ("V_{0.5}: A Model", "V_0.5: A Model"),
        ("via texttt{D}ual", "via Dual"),
        ("From $5 to $10", "From $5 to $10"),
        ("$1 Million for US$", "$1 Million for US$"),
        ("Bugs for 1$: Cheap", "Bugs for 1$: Cheap"),
        ("L_2 and VLA^2", "L_2 and VLA^2"),
        ("{braces} and C:\\path", "{braces} and C:\\path"),
    ],
)
def test_latex_in_a_title_is_readable(title: str, seen: str) -> None:
    assert replace_latex(title) == seen


@given(st.lists(st.sampled_from([*"$\\{}^_-~ abπ2", "\\text{", "\\alpha", "\\frac{", "$x$"])).map("".join))
def test_any_latex_is_made_readable_or_left_as_it_is(title: str) -> None:
    assert replace_latex(title).count("π") == title.count("π")


@pytest.mark.parametrize("title", [INVISIBLE, "\u200b", " \u200d \u200e"])
def test_a_paper_with_an_invisible_title_is_called_by_its_id_everywhere(title: str) -> None:
    known = paper("2601.00001", title=title)
    assert known.name == get_paper_thread_name(known) == "arXiv:2601.00001"
    assert all(f"[arXiv:2601.00001]({URL})" in line for line in first_lines(known))
    for format_ in CitationFormat:
        assert (
            "arXiv:2601.00001" in check(render_citation(known, format_, fit_citation(known, format_, MAX_CITATION)))[0]
        )
    for layout in (DigestLayout.COMPACT, DigestLayout.CARDS):
        assert "arXiv:2601.00001" in str(
            components_of(digest_message(digest_of(known), build_settings(layout=layout), NONCE))
        )
    assert render_digest_panel(digest_of(known), DAY)


async def test_a_paper_with_an_invisible_title_is_kept(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="\u200b"), entry("2601.00002", title="\u202e\u2066")]}
    message = await post(server)
    assert "[arXiv:2601.00001]" in read_texts(message)
    assert "[arXiv:2601.00002]" in read_texts(message)
    offered = await server.member.autocomplete(server.general, "paper show", "paper", "2601.00002")
    assert offered == [{"name": "arXiv:2601.00002", "value": "2601.00002"}]


# Invisible characters


@given(st.text(st.sampled_from("ab \u202e\u2066\u200b\u200f\u00ad\ufeff\u2060\x1b\x00") | st.characters(codec="utf-8")))
def test_invisible_characters_are_removed_everywhere(text: str) -> None:
    hidden = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\u2060\u00ad\x00-\x08\x1b]")
    pieces = (
        escape_markdown(text),
        cut_plain(text, 99),
        cut_line(text, 99),
        format_code(text),
        mark_text_spans(text, [(0, 2)], 99),
        make_link(text, URL),
    )
    assert not any(map(hidden.search, pieces))
    assert remove_invisible(remove_invisible(text)) == remove_invisible(text)


def test_scripts_and_emoji_that_need_joiners_keep_them() -> None:
    for text in ("می‌خواهم", "क्‍ष", "👩‍👩‍👧", "❤️‍🔥"):
        assert remove_invisible(text) == text
    assert remove_invisible("ab\u200dc \u200d\u200c") == "abc "


async def test_a_shared_query_cannot_reverse_the_text_around_it(server: Server) -> None:
    await server.read_lists()
    result = await server.member.slash(
        server.general, "paper search", query="paper \u202eabout\u202c\u200b", share=True
    )
    assert result.response
    assert not result.response.ephemeral
    shown = str(result.response.message.components) + read_texts(result.response.message)
    assert "**paper about**" in shown
    assert not [each for each in shown if unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE", "PDF"}]


# A reference that names no paper


@pytest.mark.parametrize("command", ["paper show", "paper cite", "paper similar", "digest why"])
@pytest.mark.parametrize("kind", ["https://doi.org/10.48550/arXiv.{}", "[{}],", "<https://ar5iv.org/abs/{}v2>"])
async def test_every_command_takes_a_paper_in_every_form(server: Server, command: str, kind: str) -> None:
    await server.subscribe()
    await server.read_lists()
    asked = {"paper": kind.format("2601.00003")}
    text = answer(await server.admin.slash(server.papers, command, **asked))
    assert "2601.00003" in text
    assert "2601.00001" not in text.split("\n")[0]
