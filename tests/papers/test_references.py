"""Ids, links and DOIs that name a paper, and what only looks like one."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers import Paper, find_paper_id, has_foreign_link, parse_paper_id
from bot.text import join_lines
from tests.support.builders import DAY
from tests.support.shared_cases import shared_cases

REFERENCES = [
    template.format("2601.01230")
    for template in (
        "{}",
        " {} ",
        "{}v1",
        "{}v12",
        "arXiv:{}",
        "arxiv: {}v2",
        "ARXIV:{}",
        "https://arxiv.org/abs/{}",
        "http://arxiv.org/abs/{}v3",
        "arxiv.org/abs/{}",
        "https://www.arxiv.org/abs/{}",
        "https://export.arxiv.org/abs/{}",
        "https://arxiv.org/pdf/{}",
        "https://arxiv.org/pdf/{}.pdf",
        "https://arxiv.org/pdf/{}v2.pdf#page=3",
        "https://arxiv.org/html/{}v1",
        "https://huggingface.co/papers/{}",
        "https://huggingface.co/papers/{}/",
        "https://huggingface.co/papers/{}?ref=discord",
        "https://huggingface.co/papers/{}#community",
        "huggingface.co/papers/{}",
        "https://hf.co/papers/{}",
        "<https://huggingface.co/papers/{}>",
        "HTTPS://HUGGINGFACE.CO/papers/{}",
        "https://huggingface.co/papers/{}.md",
        "10.48550/arXiv.{}",
        "doi:10.48550/arxiv.{}",
        "DOI: 10.48550/ARXIV.{}v2",
        "https://doi.org/10.48550/arXiv.{}",
        "http://dx.doi.org/10.48550/arXiv.{}",
        "https://doi.org/10.48550%2FarXiv.{}",
        "https://ar5iv.org/abs/{}",
        "https://ar5iv.labs.arxiv.org/html/{}v1",
        "https://www.alphaxiv.org/abs/{}",
        "https://alphaxiv.org/overview/{}v3?lang=en",
        "https://alphaxiv.org/zh/overview/{}",
        "https://api.semanticscholar.org/arXiv:{}",
        "https://api.semanticscholar.org/graph/v1/paper/ARXIV:{}?fields=title",
        "https://www.semanticscholar.org/arxiv/{}",
        "https://browse.arxiv.org/html/{}v1#S3.F2",
        "(https://arxiv.org/abs/{}).",
        "[{}],",
        "\u201c{}\u201d;",
        "**{}**!",
        "\uff08https://arxiv.org/abs/{}\uff09\u3002",
        "https://arxiv.org/abs/{}\u200b",
        "\u202a{}\u202c",
        "[{0}](https://arxiv.org/abs/{0})",
    )
]
NO_REFERENCES = [
    "",
    " ",
    "attention is all you need",
    "2601",
    "2601.",
    "2601.123",
    "2601.123456",
    "26010.1234",
    "2601.12345v",
    "2601,12345",
    "\uff12\uff16\uff10\uff11.12345",  # fullwidth digits
    "2601.1234\u096b",
    "hep-th/990100",
    "hep-th/99010011",
    "and/9901001",
    "paper 2601.12345",
    "2601.12345 2601.12346",
    "https://evil.example/papers/2601.12345",
    "https://huggingface.co.evil.example/papers/2601.12345",
    "https://evilhuggingface.co/papers/2601.12345",
    "https://huggingface.co/papers/date/2026-01-15",
    "https://huggingface.co/papers/2601.12345/../../x",
    "https://arxiv.org/abs/",
    "https://arxiv.org/list/cs.CL/new",
    "https://evil.example/?https://arxiv.org/abs/2601.12345",
    "https://evil.example/a,2601.12345",
    "https://evil.example/(2601.12345)",
    "10.1038/2601.12345",
    "https://doi.org/10.1038/2601.12345",
    "javascript:2601.12345",
    "2601.12345\n2601.12346",
    "\x00",
]


class TestReferences:
    @pytest.mark.parametrize("reference", REFERENCES)
    def test_a_paper_is_known_by_any_of_its_references(self, reference: str) -> None:
        assert parse_paper_id(reference) == "2601.01230"

    def test_an_id_with_four_digits_is_known(self) -> None:
        assert parse_paper_id("arXiv:0704.0001v2") == "0704.0001"

    @pytest.mark.parametrize(
        ("reference", "known"),
        [
            ("cs/0112017", "cs/0112017"),
            ("CS/0112017v2", "cs/0112017"),
            ("math.gt/0309136", "math.GT/0309136"),
            ("arXiv:hep-th/9901001", "hep-th/9901001"),
            ("https://arxiv.org/abs/cs/0112017", "cs/0112017"),
            ("arxiv.org/pdf/math.GT/0309136v1.pdf", "math.GT/0309136"),
            ("https://arxiv.org/abs/cs%2F0112017", "cs/0112017"),
            ("https://doi.org/10.48550/arXiv.cs/0112017", "cs/0112017"),
            ("<https://ar5iv.org/abs/cond-mat/0207270>", "cond-mat/0207270"),
        ],
    )
    def test_an_id_from_before_2007_is_known(self, reference: str, known: str) -> None:
        assert parse_paper_id(reference) == known

    @pytest.mark.parametrize("reference", NO_REFERENCES)
    def test_text_that_names_no_paper_gives_none(self, reference: str) -> None:
        assert parse_paper_id(reference) is None

    @pytest.mark.parametrize(
        ("text", "known"),
        [
            ("have you read https://arxiv.org/abs/2601.01230, it is good", "2601.01230"),
            ("[Attention](<https://arxiv.org/abs/2601.01230>)", "2601.01230"),
            ("arXiv:2601.01230v1 [cs.CL] 5 May 2026", "2601.01230"),
            ("see:https://hf.co/papers/2601.01230.", "2601.01230"),
            ("2601.01230, 2601.01231", "2601.01230"),
            ("https://github.com/owner/code for 2601.01230", "2601.01230"),
            ("Smith et al., doi: 10.48550/arXiv.cs/0112017.", "cs/0112017"),
            ("https://evil.example/2601.01230", None),
            ("attention is all you need", None),
        ],
    )
    def test_the_first_paper_named_in_a_text_is_found(self, text: str, known: str | None) -> None:
        assert find_paper_id(text) == known
        assert not known or not has_foreign_link(text)

    @pytest.mark.parametrize(
        "text",
        [
            "https://github.com/owner/repository",
            "github.com/owner/repository",
            "<https://openreview.net/forum?id=abcdEFgh12>",
            "look: https://openreview.net/forum?id=abcdEFgh12",
            "www.example.org",
            "10.1038/nature14539",
            "doi: 10.1038/nature14539",
            "https://huggingface.co/papers/date/2026-01-15",
            "ftp://example.org",
        ],
    )
    def test_a_link_to_something_else_is_told_apart_from_words(self, text: str) -> None:
        assert has_foreign_link(text)

    @pytest.mark.parametrize(
        "text",
        [
            "GPT-4o and/or node.js",
            "BERT: pre-training",
            "author:lecun after:2026-05",
            "10.5 GB",
            "Llama-3.1/Qwen",
            "A://",
        ],
    )
    def test_words_are_not_taken_for_a_link(self, text: str) -> None:
        assert not has_foreign_link(text)

    @pytest.mark.parametrize(("text", "known"), shared_cases("references"))
    def test_what_people_really_paste_is_read_correctly(self, text: str, known: str) -> None:
        assert (find_paper_id(text) or "-") == known
        assert has_foreign_link(text) == (known == "-")

    @given(st.text() | st.from_regex(r"(https?://)?(hf\.co/papers/|arxiv:)?\d{3,5}\.\d{3,6}.{0,5}"))
    def test_any_text_gives_an_id_or_none(self, reference: str) -> None:
        found = parse_paper_id(reference)
        assert found is None or (
            found.lower() in unquote(join_lines(reference)).lower() and parse_paper_id(found) == found
        )

    def test_a_paper_knows_its_addresses(self) -> None:
        paper = Paper("2601.01230", "T", "", DAY)
        pages = (paper.url, paper.arxiv_url, paper.pdf_url, paper.html_url, paper.alphaxiv_url)
        assert {parse_paper_id(url) for url in pages} == {"2601.01230"}
        assert len(set(pages)) == 5
        assert paper.thumbnail_url.endswith("/papers/2601.01230.png")
