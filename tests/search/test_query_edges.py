"""Queries, at their edges: what counts as a demand, and a filter that is left out where nothing was found."""

from datetime import date

import pytest

from bot.search import parse_query

TODAY = date(2026, 8, 20)


@pytest.mark.parametrize("text", ["", "diffusion", "diffusion models", "diffus* models", "10k"])
def test_plain_words_are_not_required(text: str) -> None:
    assert not parse_query(text, TODAY).has_requirements


@pytest.mark.parametrize(
    "text",
    [
        "+diffusion",
        "-diffusion",
        "diffusion -models",
        '"flow matching"',
        "min:50",
        "diffusion min:50",
        "a OR b",
        "(a b)",
    ],
)
def test_signs_phrases_operators_and_alternatives_are_requirements(text: str) -> None:
    assert parse_query(text, TODAY).has_requirements


def test_a_single_filter_is_left_out_once() -> None:
    assert [left_out for _, left_out in parse_query("diffusion min:50", TODAY).list_relaxed_queries()] == [("min:50",)]
