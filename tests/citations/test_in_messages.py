"""Citing: a citation that can be copied as it is, whatever the paper holds."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.citations import CitationFormat, fit_citation
from bot.layouts.citation import MAX_CITATION, render_citation
from bot.layouts.text import MAX_CONTENT
from bot.papers import Paper
from tests.support.builders import paper
from tests.support.layouts import check

MOST = 1900
letters = st.one_of(st.sampled_from("`{}\\$%&#_^~,[]() and"), st.characters(codec="utf-8", exclude_categories=["Cc"]))
texts = st.builds(lambda text, times: (text * times)[:5000], st.text(letters, max_size=30), st.integers(1, 200))
papers = st.builds(
    lambda title, authors, times: paper("2601.00001", title=title, authors=tuple(authors * times)),
    texts,
    st.lists(st.text(letters, max_size=40), max_size=4),
    st.sampled_from([1, 3, 166]),
)


def format_citation(known: Paper, format_: CitationFormat, most: int = MOST) -> str:
    return fit_citation(known, format_, most).text


def attention(**known: Any) -> Paper:
    authors = ("Ashish Vaswani", "Noam Shazeer")
    published_at = datetime(2017, 6, 12, tzinfo=UTC)
    return paper(
        "1706.03762", **{"title": "Attention Is All You Need", "authors": authors, "published_at": published_at} | known
    )


def test_a_bibtex_citation_is_an_arxiv_entry() -> None:
    assert (
        format_citation(attention(), CitationFormat.BIBTEX, MOST)
        == """@misc{vaswani2017attention,
  title = {{Attention Is All You Need}},
  author = {Vaswani, Ashish and Shazeer, Noam},
  year = {2017},
  eprint = {1706.03762},
  archivePrefix = {arXiv},
  doi = {10.48550/arXiv.1706.03762},
  url = {https://arxiv.org/abs/1706.03762},
}"""
    )


def test_a_plain_citation_is_a_line() -> None:
    assert format_citation(attention(), CitationFormat.PLAIN, MOST) == (
        "Ashish Vaswani, Noam Shazeer (2017). Attention Is All You Need. "
        "arXiv:1706.03762. https://arxiv.org/abs/1706.03762"
    )


def test_a_markdown_citation_links_its_title() -> None:
    assert format_citation(attention(), CitationFormat.MARKDOWN, MOST) == (
        "Ashish Vaswani, Noam Shazeer, 2017. "
        "[Attention Is All You Need](https://arxiv.org/abs/1706.03762). arXiv:1706.03762"
    )


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("50% of $O(n^2)$ & more", r"50\% of $O(n^2)$ \& more"),
        (r"$\pi_{\text{RL}}$ -- for $5 to $10", r"$\pi_{\text{RL}}$ -- for \$5 to \$10"),
        ("$a}$, $b%$", r"\$a\vphantom{\{}\}\$, \$b\%\$"),
        ("Safe \u202etxet\u200b", "Safe txet"),
        ("\u200b", "arXiv:1706.03762"),
        ("A_b #1 {x} ~ `y`", r"A\_b \#1 \{x\} \textasciitilde{} \textasciigrave{}y\textasciigrave{}"),
        ("a\\b", r"a\textbackslash{}b"),
        ("Über 深層学習", "Über 深層学習"),
    ],
)
def test_bibtex_escapes_a_title_so_that_it_prints_as_it_is(title: str, written: str) -> None:
    assert f"title = {{{{{written}}}}}," in format_citation(attention(title=title), CitationFormat.BIBTEX, MOST)


def test_a_group_among_the_authors_stays_whole_in_bibtex() -> None:
    written = format_citation(
        attention(authors=("Black and White Lab", "Lee, Ann", "Noam Shazeer")), CitationFormat.BIBTEX, MOST
    )
    assert "author = {{Black and White Lab} and {Lee, Ann} and Shazeer, Noam}," in written


@pytest.mark.parametrize(
    ("known", "key"),
    [
        ({"authors": ("José Muñoz-Ángel",)}, "munozangel2017attention"),
        ({"authors": ()}, "arxiv2017attention"),
        ({"title": "On the Way to X-Rays"}, "vaswani2017way"),
        ({"title": "深層学習", "authors": ("研究",)}, "arxiv2017"),
        ({"published_at": None}, "vaswani2017attention"),
    ],
)
def test_a_bibtex_key_is_author_year_and_word(known: dict[str, Any], key: str) -> None:
    assert format_citation(attention(**known), CitationFormat.BIBTEX, MOST).startswith(f"@misc{{{key},\n")


def test_without_authors_a_citation_begins_with_what_is_known() -> None:
    nobody = attention(authors=())
    assert "author" not in format_citation(nobody, CitationFormat.BIBTEX, MOST)
    assert format_citation(nobody, CitationFormat.PLAIN, MOST).startswith("(2017). Attention")
    assert format_citation(nobody, CitationFormat.MARKDOWN, MOST).startswith("[Attention")


def test_of_664_authors_as_many_are_cited_as_fit() -> None:
    crowd = attention(authors=tuple(f"Author Number {n}" for n in range(664)))
    bibtex = format_citation(crowd, CitationFormat.BIBTEX, MOST)
    assert MOST - 40 < len(bibtex) <= MOST
    assert " and others}," in bibtex
    assert ", et al. (2017)" in format_citation(crowd, CitationFormat.PLAIN, MOST)
    assert ", et al., 2017" in format_citation(crowd, CitationFormat.MARKDOWN, MOST)
    assert "AU  - et al.\n" in format_citation(crowd, CitationFormat.RIS, MOST)
    assert '{"literal": "et al."}\n ]' in format_citation(crowd, CitationFormat.CSL_JSON, MOST)
    assert '; et al.","2017-06-12"' in format_citation(crowd, CitationFormat.CSV, MOST)


@given(papers, st.sampled_from(CitationFormat))
def test_a_citation_fits_a_message_and_stays_in_its_block(known: Paper, format_: CitationFormat) -> None:
    message = check(render_citation(known, format_, fit_citation(known, format_, MAX_CITATION)))[0]
    assert len(message) <= MAX_CONTENT
    assert re.fullmatch(r"```\w*\n.*\n```", message, re.DOTALL)
    assert message.count("```") == 2


@given(papers)
def test_the_braces_of_bibtex_close(known: Paper) -> None:
    entry = re.sub(r"\\[{}]", "", format_citation(known, CitationFormat.BIBTEX, MOST))
    depth = 0
    for character in entry:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
