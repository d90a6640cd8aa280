"""Whatever is followed, and whatever its papers hold, a person's digest is one message that says why each came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.digest import Digest, Highlight, Likeness
from bot.layouts.digest import render_delivery_message
from bot.layouts.paper import PaperBlock, build_paper_list
from bot.layouts.personal_digest import describe_why
from bot.papers import Paper
from bot.storage import INBOX, Delivery, DeliveryState, Message, MessageForm
from bot.subscription.settings import DigestLayout
from tests.support.any_paper import names, papers, within_seconds
from tests.support.builders import DAY, MORNING, build_settings, paper
from tests.support.discord_limits import walk
from tests.support.layouts import NONCE, check, components_of

PERSON = 42
queries = st.one_of(names, st.just(INBOX), st.sampled_from(["author:LeCun", 'org:"Qwen" min:50', "like:2605.29801"]))
likenesses = st.one_of(st.none(), st.builds(Likeness, st.just("2605.29801"), st.floats(0, 1)))


def build_highlights(some: Sequence[Paper], why: Sequence[tuple[tuple[str, ...], Likeness | None]]) -> Digest:
    highlights = tuple(
        Highlight(n, replace(each, id=f"2601.{n:05}"), each.upvotes, 0, followed=queries, likeness=likeness)
        for n, (each, (queries, likeness)) in enumerate(zip(some, why, strict=False), 1)
    )
    return Digest(DAY, (DAY - timedelta(days=2), DAY), len(highlights) + 3, highlights, left_count=3)


digests = st.builds(
    build_highlights,
    st.lists(papers, min_size=1, max_size=25),
    st.lists(st.tuples(st.lists(queries, min_size=1, max_size=26).map(tuple), likenesses), min_size=25, max_size=25),
)


def render(
    digest: Digest,
    form: MessageForm = MessageForm.FULL,
    layout: DigestLayout = DigestLayout.LIST,
    positions: tuple[int, ...] = (),
    extra: int = 0,
) -> Any:
    shown = positions or tuple(each.position for each in digest.highlights)
    message = Message(1, NONCE, form=form, positions=shown)
    settings = build_settings(layout=layout)
    delivery = Delivery(
        *(1, 1, 0, 5, DAY, DeliveryState.PLANNED, None, settings, digest, (message,), MORNING, 0),
        extra=extra,
        user_id=PERSON,
    )
    return render_delivery_message(delivery, message)


@within_seconds
@given(
    digests,
    st.sampled_from([MessageForm.FULL, MessageForm.UNLINKED, MessageForm.PLAIN]),
    st.sampled_from(DigestLayout),
    st.integers(0, 1),
)
def test_it_fits_a_message(digest: Digest, form: MessageForm, layout: DigestLayout, extra: int) -> None:
    view = render(digest, form, layout, extra=extra)
    text = "\n".join(check(view))
    assert ("# Just in\n" if extra else "# Your papers\n") in text or form is MessageForm.PLAIN
    for each in digest.highlights:
        assert f"{each.position}." in text
        assert f"▲ **{each.upvotes:,}**" in text or f"▲\u00a0{each.upvotes:,}" in text or f"▲ {each.upvotes:,}" in text
    labels = [each.get("label") or each.get("placeholder") for each in walk(components_of(view)) if "custom_id" in each]
    assert labels[0] == "Details of…"
    assert labels[-2:] == ["Stop all", "What you follow"]
    assert {"Less like…", "Less like this"} & {*labels}
    others = [each for each in walk(components_of(view)) if not each.get("custom_id", "save:").startswith("save:")]
    assert all(NONCE in each["custom_id"] for each in others)


@within_seconds
@given(digests, st.sampled_from(DigestLayout))
@example(
    build_highlights([paper("2601.00001", title="字" * 300)] * 25, [(("字" * 300, "b", "c", INBOX), None)] * 25),
    DigestLayout.COMPACT,
)
def test_each_paper_says_why_it_came(digest: Digest, layout: DigestLayout) -> None:
    text = "\n".join(check(render(digest, layout=layout)))
    for each in digest.highlights:
        if each.likeness:
            assert f"{each.likeness.value:.2f} like 2605.29801" in text
        assert (("inbox" if INBOX in each.followed else "follows") in text) or not each.followed


def test_a_paper_names_what_brought_it() -> None:
    one = Highlight(1, paper("2601.00001"), 10, 0, followed=("author:LeCun",), likeness=Likeness("2605.29801", 0.826))
    assert describe_why(one) == "follows `author:LeCun` · 0.83 like 2605.29801"
    both = replace(one, followed=("author:LeCun", "tag:video", INBOX), likeness=None)
    assert describe_why(both) == "follows `author:LeCun` and `tag:video` · inbox"
    many = replace(one, followed=("a", "b", "c", "d"), likeness=None)
    assert describe_why(many) == "follows `a`, `b` and 2 more"
    assert describe_why(replace(one, followed=(INBOX,), likeness=None)) == "inbox"


def test_a_part_of_a_digest_has_a_small_heading_and_only_the_last_one_says_how_many_are_left() -> None:
    digest = build_highlights([paper("2601.00001")] * 4, [(("a",), None)] * 4)
    first, second = (check(render(digest, positions=each)) for each in ((1, 2), (3, 4)))
    assert "# Your papers" in first[0]
    assert "more papers come" not in "\n".join(first)
    assert second[0].startswith("-# Your papers · 13 Jan 2026 – 15 Jan 2026 · 3–4 of 4")
    assert "3 more papers come with the next digest" in second[-1]


def test_what_one_query_brought_is_stopped_by_one_click_and_what_several_brought_asks_which() -> None:
    one = build_highlights([paper("2601.00001")] * 2, [(("author:LeCun",), None)] * 2)
    several = build_highlights([paper("2601.00001")] * 2, [(("author:LeCun",), None), (("tag:video",), None)])
    assert "Stop this" in str(components_of(render(one)))
    assert "Stop one of these" in str(components_of(render(several)))


def test_the_line_that_says_why_is_not_taken_from_the_summary() -> None:
    one = paper("2601.00001", ai_summary="word " * 99)
    without = build_paper_list([PaperBlock(1, one, 10, 0)] * 3, 4000).content
    why = "follows `author:LeCun`"
    assert (
        build_paper_list([PaperBlock(1, one, 10, 0, why=why)] * 3, 4000).content.replace(f"\n-# {why}", "") == without
    )


def test_what_was_left_last_time_comes_without_any_new_list() -> None:
    digest = replace(build_highlights([paper("2601.00001")], [(("a",), None)]), days=())
    assert check(render(digest))[0].startswith("# Your papers\n**Thursday 15 January 2026**\n")
    assert "Your papers, 15 Jan 2026" in check(render(digest, MessageForm.PLAIN))[0]
