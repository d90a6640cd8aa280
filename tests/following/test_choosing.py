"""Which papers a person's digest has: chosen fairly, each once, with all that brought it."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest import Candidate
from bot.following.choosing import (
    AT_ONCE_UPVOTES,
    MAX_WINDOW,
    Offer,
    choose_papers,
    fold_muted,
    get_first_day,
    get_least_upvotes,
    is_due,
    is_muted,
)
from bot.ranking import get_rank_key
from bot.search import parse_query
from bot.storage import INBOX, FollowedQuery, How, Muted, MutedKind
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MONDAY, MORNING, paper
from tests.support.counting import count_calls

LONG_AGO = DAY - timedelta(days=99)


def followed(query: str = "tag:x", how: How = How.DAILY, first_day: date = LONG_AGO) -> FollowedQuery:
    return FollowedQuery(1, 7, query, how, first_day)


def candidates(*upvotes: int, day: date = DAY) -> dict[str, Candidate]:
    """Papers with the ids `2601.00000`, `2601.00001` …, by rank."""
    papers = [paper(f"2601.{number:05}", upvotes=each) for number, each in enumerate(upvotes)]
    return {each.id: Candidate(each, frozenset({day})) for each in sorted(papers, key=get_rank_key)}


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"2601.{number:05}" for number in numbers)


class TestChoosing:
    def test_a_paper_comes_once_with_all_that_brought_it_and_the_most_upvoted_is_first(self) -> None:
        offers = [Offer(followed("a"), DAY, ids(0, 1)), Offer(followed("b"), DAY, ids(1, 2))]
        chosen, left = choose_papers(candidates(5, 9, 7), offers, DAY)
        assert [(each.paper.id[-1], each.followed) for each in chosen] == [
            ("1", ("a", "b")),
            ("2", ("b",)),
            ("0", ("a",)),
        ]
        assert [each.position for each in chosen] == [1, 2, 3]
        assert left == 0

    def test_the_inbox_has_its_best_and_says_so_of_what_a_query_brings_too(self) -> None:
        offers = [Offer(followed(INBOX), DAY, size=2), Offer(followed("a"), DAY, ids(1))]
        chosen, _ = choose_papers(candidates(5, 9, 7), offers, DAY)
        assert [(each.paper.id[-1], each.followed) for each in chosen] == [("1", ("", "a")), ("2", ("",))]

    def test_of_a_flood_the_rare_query_gets_its_papers_and_the_rest_is_left(self) -> None:
        offers = [Offer(followed("much"), DAY, ids(*range(40))), Offer(followed("rare"), DAY, ids(40, 41))]
        chosen, left = choose_papers(candidates(*range(100, 60, -1), 0, 0), offers, DAY)
        assert (len(chosen), left) == (25, 17)
        assert ids(40, 41) <= {each.paper.id for each in chosen}
        assert ids(*range(23)) <= {each.paper.id for each in chosen}

    def test_withdrawn_unwanted_early_and_open_papers_stay_away(self) -> None:
        listed = candidates(1, 1) | {"w": Candidate(paper("w", withdrawn_at=MORNING), frozenset({DAY}))}
        listed |= {"early": Candidate(paper("early"), frozenset({DAY - timedelta(days=1)}))}
        listed |= {"open": Candidate(paper("open"), frozenset({DAY + timedelta(days=1)}))}
        chosen, _ = choose_papers(listed, [Offer(followed(), DAY)], DAY, unwanted=ids(0))
        assert [each.paper.id for each in chosen] == ["2601.00001"]

    @given(
        st.lists(st.integers(0, 9), max_size=40),
        st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.integers(0, 40), max_size=40), max_size=6),
        st.integers(0, 10),
        st.frozensets(st.integers(0, 40), max_size=10),
        st.integers(1, 25),
    )
    def test_whatever_is_followed_the_digest_is_full_or_complete_fair_and_in_order(
        self, upvotes: list[int], queries: Mapping[str, frozenset[int]], size: int, unwanted: frozenset[int], limit: int
    ) -> None:
        listed = candidates(*upvotes)
        offers = [Offer(followed(query), DAY, ids(*numbers)) for query, numbers in queries.items()]
        offers += [Offer(followed(INBOX), DAY, size=size)] if size else []
        chosen, left = choose_papers(listed, offers, DAY, unwanted=ids(*unwanted), limit=limit)
        open_ = {each for each in listed if each not in ids(*unwanted)}
        coming = {query: open_ & ids(*numbers) for query, numbers in queries.items()}
        best = [each for each in listed if each in open_][:size]
        everything = set(best).union(*coming.values())
        came = [each.paper.id for each in chosen]
        assert set(came) <= everything
        assert len(came) == len(set(came)) == min(limit, len(everything))
        assert left == len(everything) - len(came)
        assert came == [each for each in listed if each in came], "by rank"
        for each in chosen:
            brought_by = {query for query, papers in coming.items() if each.paper.id in papers}
            assert set(each.followed) == brought_by | ({INBOX} if each.paper.id in best else set())
        if left:  # nobody is left out while another query has more than one more
            shares = {query: len(papers & set(came)) for query, papers in coming.items()}
            room = limit - len(set(best[:limit]))
            rounds = room // max(1, len(queries))
            assert all(shares[query] >= min(rounds, len(papers)) for query, papers in coming.items())


class TestWindows:
    @pytest.mark.parametrize(
        ("how", "covered", "first"),
        [
            (How.DAILY, DAY - timedelta(days=1), DAY - timedelta(days=6)),  # upvotes come late
            (How.WEEKLY, DAY - timedelta(days=1), DAY - timedelta(days=13)),
            (How.DAILY, DAY - timedelta(days=20), DAY - timedelta(days=19)),  # runs were missed
            (How.DAILY, DAY - timedelta(days=90), DAY - MAX_WINDOW),
        ],
    )
    def test_a_query_looks_back_for_late_upvotes_and_missed_runs(self, how: How, covered: date, first: date) -> None:
        assert get_first_day(followed(how=how), DAY, covered) == first
        assert get_first_day(followed(how=how, first_day=DAY), DAY, covered) == DAY
        assert get_first_day(followed(how=how), DAY, covered, is_behind=True) == DAY - MAX_WINDOW

    def test_the_inbox_has_each_day_once_and_a_week_once(self) -> None:
        yesterday = DAY - timedelta(days=1)
        assert get_first_day(followed(INBOX), DAY, yesterday, is_behind=True) == DAY
        assert get_first_day(followed(INBOX, How.WEEKLY), DAY, yesterday) == DAY - timedelta(days=6)

    @pytest.mark.parametrize(
        ("date_", "last_run", "first_day", "due"),
        [
            (MONDAY, MONDAY - timedelta(days=1), LONG_AGO, True),
            (MONDAY + timedelta(days=1), MONDAY, LONG_AGO, False),
            (MONDAY + timedelta(days=1), MONDAY - timedelta(days=3), LONG_AGO, True),  # Monday's failed
            (MONDAY + timedelta(days=1), MONDAY - timedelta(days=3), MONDAY, False),  # followed since
            (MONDAY + timedelta(days=1), None, LONG_AGO, False),
        ],
    )
    def test_a_weekly_query_is_due_with_the_first_run_of_the_week_that_succeeds(
        self, date_: date, last_run: date | None, first_day: date, due: bool
    ) -> None:
        run, weekly = Run(date_, MORNING), Run(MONDAY, MORNING)
        assert is_due(followed(how=How.WEEKLY, first_day=first_day), run, weekly, last_run) is due
        assert is_due(followed(), run, weekly, last_run)


@pytest.mark.parametrize(
    ("query", "least"),
    [("tag:x", AT_ONCE_UPVOTES), ("tag:x min:5", 0), ("tag:x OR min:5", 0), ("tag:x -min:5", AT_ONCE_UPVOTES)],
)
def test_at_once_a_paper_needs_fifty_upvotes_unless_the_query_names_a_number(query: str, least: int) -> None:
    assert get_least_upvotes(parse_query(query, DAY), How.AT_ONCE) == least
    assert get_least_upvotes(parse_query(query, DAY), How.DAILY) == 0


def test_names_are_muted_whatever_their_case_and_accents() -> None:
    muted = [Muted(MutedKind.AUTHOR, "zoe muller"), Muted(MutedKind.ORG, "ACME"), Muted(MutedKind.TAG, "Agents")]
    names = fold_muted(muted)
    assert is_muted(paper("1", authors=("Zoë Müller",)), names)
    assert is_muted(paper("1", organization="Acme"), names)
    assert is_muted(paper("1", tags=("agents",)), names)
    assert not is_muted(paper("1", authors=("Zoe",), tags=("agent",), organization=None), names)


def test_a_hundred_mutes_of_mine_hold_up_others_no_longer_than_one_for_each_paper() -> None:
    looked_at = paper("1", authors=("Ada", "Bob", "Eve"), tags=("agents",), organization="Acme")
    folded = []
    for number in (1, 100):
        names = fold_muted(Muted(MutedKind.AUTHOR, f"Zoë Müller {each}") for each in range(number))
        with count_calls() as calls:
            assert not is_muted(looked_at, names)
        folded.append(calls["fold_text"])
    assert folded == [3, 3]
