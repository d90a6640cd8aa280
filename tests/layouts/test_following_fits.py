"""Whatever people follow, and however it is called, what they are shown of it fits a message."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.editing.drafts import MisreadField
from bot.following.follower import list_mutable
from bot.following.preview import FollowCaveat, FollowPreview
from bot.layouts import follow_requests as requests
from bot.layouts import following as layout
from bot.layouts.follow_requests import FollowMinimum, FollowRequest, FollowTimes
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import (
    INBOX,
    FollowedQuery,
    Following,
    How,
    Muted,
    MutedKind,
    Subscription,
    SubscriptionState,
    get_query_key,
)
from bot.subscription.schedule import Run
from bot.subscription.timezones import Place
from tests.support.any_paper import names, papers, texts, within_seconds
from tests.support.builders import DAY, MORNING, build_settings
from tests.support.layouts import check

TIMES = FollowTimes(build_settings().schedule, MORNING, guessed=True)
queries = st.builds(lambda name, times: (name * times)[:300].strip() or "x", names, st.integers(1, 40))
typed = st.builds(FollowRequest, texts.map(lambda text: text[:6000]), names, names)


def follow_all(some: list[str], state: SubscriptionState) -> Following:
    followed = [FollowedQuery(n, 7, f"{n}{each}"[:300] if n else INBOX, How.DAILY, DAY) for n, each in enumerate(some)]
    known = Subscription(1, 0, build_settings(), state, None, Run(DAY, MORNING), 0, user_id=7)
    muted = [Muted(kind, f"{n}{each}") for n, each in enumerate(some) for kind in MutedKind]
    return Following(known, tuple(followed), tuple(muted[:100]))


@within_seconds
@given(queries, st.lists(papers, max_size=3), typed, st.sampled_from(How), st.sets(st.sampled_from(FollowCaveat)))
def test_a_preview_fits(
    query: str, examples: list[Paper], request: FollowRequest, how: How, caveats: set[FollowCaveat]
) -> None:
    shown = tuple(replace(each, id=f"2601.{n:05}") for n, each in enumerate(examples))
    preview = FollowPreview(
        query,
        how,
        3,
        9,
        2.1,
        shown,
        least_upvotes=50,
        best_upvotes=12,
        caveats=tuple(sorted(caveats, key=str)),
        unknown_examples=(query, query),
    )
    minimums = [FollowMinimum(50, 9.2), FollowMinimum(100, 0.4), FollowMinimum(200, 0.1)]
    known = FollowedQuery(1, 7, query, how, DAY)
    check(requests.render_follow_preview(preview, request, TIMES, known, minimums))
    places = (Place(query, "America/Argentina/ComodRivadavia"), Place("b" * 200, "UTC"), Place("c", "Asia/Tokyo"))
    time = MisreadField("time", request.time, Refused(Refusal.TIME_UNCLEAR))
    timezone = MisreadField("timezone", request.timezone, Refused(Refusal.TIMEZONE_UNKNOWN), places)
    too_long = Refused(Refusal.FILTER_TOO_LONG, number=300)
    check(requests.render_unclear_request(too_long, [time, timezone], request, how))
    check(requests.render_unclear_time([time, timezone], "following", request.time, request.timezone))


@within_seconds
@given(st.lists(queries, min_size=26, max_size=26), st.sampled_from(SubscriptionState))
def test_everything_that_somebody_follows_fits(some: list[str], state: SubscriptionState) -> None:
    following = follow_all(some, state)
    brought = {each.id: 1000 for each in following.followed}
    check(layout.render_following(layout.FollowingView(following, brought, MORNING), "A note."))
    check(layout.render_which_question(following.followed))
    check(layout.render_stop_question(following.followed))
    check(layout.render_stopped(following.followed, "stop:undo#" + "a" * 24, all_of_it=True))
    check(layout.render_stopped(following.followed[1:4], None))
    for each in following.followed[:2]:
        check(layout.render_followed(each, following, is_first=True))
        check(layout.render_first_message(each, following))
        check(layout.render_closed_inbox(Reason(ReasonKind.INBOX_CLOSED), each))
        check(layout.render_closed_inbox(Reason(ReasonKind.OPENED_TOO_FAST, until=MORNING), each))
    check(layout.render_followed_query(following.followed[1], 3))
    keys = [get_query_key(f"{each.kind}{each.value}") for each in following.muted]
    for page in (1, 4, 9):
        check(layout.render_muted(following.muted, keys, page, "A note."))


@within_seconds
@given(papers)
def test_what_has_to_do_with_a_paper_fits(paper: Paper) -> None:
    check(requests.render_follow_choices(paper))
    mutable = list_mutable(paper)
    keys = [get_query_key(f"{each.kind}{each.value}") for each in mutable]
    check(layout.render_less_of(paper, mutable, keys, mutable))
    check(layout.render_less_of(paper, mutable, keys, ()))


@pytest.mark.parametrize("muted", [(), (Muted(MutedKind.TAG, "video"),)])
def test_who_follows_nothing_has_something_to_click(muted: tuple[Muted, ...]) -> None:
    view = layout.render_following(layout.FollowingView(Following(None, (), muted), {}, MORNING))
    check(view)
    assert "Follow" in str(view.to_components())  # type: ignore[no-untyped-call]
