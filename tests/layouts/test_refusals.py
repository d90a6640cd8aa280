"""Refusals: what people read when the bot does not do what they asked for."""

import pytest

from bot.editing.fields import FilterUnclear
from bot.layouts.refusals import explain_refusal
from bot.layouts.text import MAX_CONTENT
from bot.lookups.finder import IndexIncomplete, IndexProgress, QueryUnclear
from bot.reasons import ReasonKind
from bot.refusals import Refusal, Refused
from bot.search import parse_query
from tests.support.builders import DAY, build_missing_permissions

# Refusals of a class of their own, which explains them.
WITH_VALUES = {Refusal.FILTER_UNCLEAR, Refusal.QUERY_UNCLEAR, Refusal.INDEX_INCOMPLETE}


@pytest.mark.parametrize("refusal", [each for each in Refusal if each not in WITH_VALUES])
def test_every_refusal_is_explained_in_full_sentences(refusal: Refusal) -> None:
    refused = Refused(
        refusal,
        reason=build_missing_permissions("send_messages"),
        channel_id=5,
        number=7,
        text="so *it* was",
        permissions=["view_channel"],
        examples=["Toronto", "Calgary"],
    )
    sentence = explain_refusal(refused)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert not {"{", "None", "  "} & {part for part in ("{", "None", "  ") if part in sentence}
    assert len(sentence) < MAX_CONTENT / 5


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_why_a_channel_cannot_be_used_has_a_sentence(kind: ReasonKind) -> None:
    refused = Refused(Refusal.CHANNEL_UNFIT, reason=build_missing_permissions().__class__(kind, number=7), channel_id=5)
    assert explain_refusal(refused).endswith(".")


def test_every_mistake_of_a_filter_is_named_with_what_would_be_right() -> None:
    told = explain_refusal(FilterUnclear(parse_query("after:soon min:abc", DAY)))
    assert told.startswith("I don't understand `after:soon`. Write it like `after:2026-08-20`")
    assert "I don't understand `min:abc`. Write it like `min:50`." in told


def test_an_operator_without_a_value_is_told_from_one_that_is_not_understood() -> None:
    told = explain_refusal(QueryUnclear(parse_query("author: min:abc", DAY)))
    assert told.startswith('`author:` needs a value right after it, such as `author:lecun` or `author:"yann lecun"`.')
    assert told.endswith("I don't understand `min:abc`. Write it like `min:50`.")


def test_an_index_that_is_being_made_says_how_far_it_is() -> None:
    told = explain_refusal(IndexIncomplete(IndexProgress(12_000, 40_000)))
    assert told.startswith("I found nothing yet. The search index is still being made: 12,000 of 40,000 papers so far.")


def test_text_that_someone_typed_cannot_format_the_answer() -> None:
    told = explain_refusal(Refused(Refusal.NO_SUCH_PAPER, text="{reason}**@everyone**"))
    assert told == "Hugging Face has no paper **{reason}\\*\\*@\u200beveryone\\*\\***. Please check the ID."
