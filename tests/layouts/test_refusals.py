"""Refusals: what people read when the bot does not do what they asked for."""

import pytest

from bot.editing.fields import FilterUnclear
from bot.layouts.refusals import explain_refusal
from bot.layouts.text import MAX_CONTENT
from bot.reasons import ReasonKind
from bot.refusals import Refusal, Refused
from bot.search import parse_query
from tests.support.builders import DAY, build_missing_permissions


@pytest.mark.parametrize("refusal", [each for each in Refusal if each is not Refusal.FILTER_UNCLEAR])
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


def test_text_that_someone_typed_cannot_format_the_answer() -> None:
    told = explain_refusal(Refused(Refusal.NO_SUCH_PAPER, text="{reason}**@everyone**"))
    assert told == "Hugging Face has no paper **{reason}\\*\\*@\u200beveryone\\*\\***. Please check the ID."
