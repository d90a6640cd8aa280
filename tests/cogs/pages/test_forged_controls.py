"""Buttons and selects that the bot never made get a polite answer."""

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.layouts.refusals import BUG
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.lookups import search
from tests.support.messages import answer, paper_ids
from tests.support.server import Server, stale_button, stale_select

KINDS = (
    "find",
    "share",
    "top",
    "posted",
    "details",
    "pick",
    "tag",
    "similar",
    "cite",
    "save",
    "saving",
    "listed",
    "search",
    "settings",
)
garbage = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[a-z]?[0-9]{0,30}:[ -~]{0,40}", fullmatch=True),
    st.builds("{}{}:{}".format, st.sampled_from("fpnl"), st.integers(-(10**30), 10**30), st.text(max_size=40)),
    st.sampled_from(
        ["f1:", "n1:\x00", "n1:\ud7ff", "1:(((", "n1:day:2026-02-30", "n1:week", "2601.00001:zz", "\u0661\u0661"]
    ),
)


@hypothesis_settings(
    deadline=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[*HealthCheck],
)
@given(kind=st.sampled_from(KINDS), rest=garbage)
async def test_a_forged_button_gets_a_polite_answer(library: Server, kind: str, rest: str) -> None:
    custom_id = f"{kind}:{rest}"[:100]
    message = stale_button(library, custom_id)
    result = await library.member.click(message, custom_id=custom_id)
    assert result.response, custom_id
    assert result.response.content != BUG
    assert not paper_ids(result.response) or kind in {"find", "share", "top", "tag", "similar", "listed"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_button_without_arguments_gets_an_answer(library: Server, kind: str) -> None:
    for custom_id in (kind, f"{kind}:"):
        message = stale_button(library, custom_id)
        result = await library.member.click(message, custom_id=custom_id)
        assert answer(result) == explain(Refusal.CONTROL_STALE)


@pytest.mark.parametrize(
    ("custom_id", "value"), [("pick", "9999.99999"), ("pick", "x" * 100), ("tag", '"'), ("tag", "-")]
)
async def test_a_forged_choice_gets_a_polite_answer(library: Server, custom_id: str, value: str) -> None:
    message = stale_select(library, custom_id, value)
    assert answer(await library.member.select(message, [value], custom_id=custom_id)) != BUG


@hypothesis_settings(
    deadline=None,
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[*HealthCheck],
)
@given(
    custom_id=st.sampled_from(["pick", "tag", "pick:", "tag:", "pick:2601.00001", "find:n1", "share:1"]),
    value=st.one_of(st.text(min_size=1, max_size=100), st.sampled_from(["2601.00001", 'a"b', "\\", "(" * 100])),
)
async def test_a_forged_select_gets_a_polite_answer_whatever_it_holds(
    library: Server, custom_id: str, value: str
) -> None:
    message = stale_select(library, custom_id, value)
    result = await library.member.select(message, [value], custom_id=custom_id)
    assert result.response, custom_id
    assert result.response.content != BUG


async def test_a_bug_behind_a_button_is_answered_politely_and_logged(
    library: Server, caplog: pytest.LogCaptureFixture
) -> None:
    message = await search(library, "paper")
    await library.bot.services.storage.papers._database._stack.aclose()  # the disk is gone
    assert answer(await library.member.click(message, label="Next")) == BUG
    assert "an interaction ran into a bug" in caplog.messages
    caplog.clear()
