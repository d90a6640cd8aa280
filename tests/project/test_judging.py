"""What `make judge` says can be trusted: its queries, and what it calls noise."""

from collections import Counter
from contextlib import closing
from datetime import date
from itertools import combinations
from pathlib import Path
from statistics import fmean

import pytest

from bench.judging.answers import Answers, find_ranks
from bench.judging.askings import note_asking, read_askings
from bench.judging.engines import OURS
from bench.judging.sets import (
    FRESH,
    OLDER,
    REPORTED,
    SEALED,
    TUNING,
    JudgedQuery,
    SealBroken,
    read_queries,
    read_sealed_queries,
)
from bench.judging.significance import NOISE, compute_interval, compute_sign_test
from bench.judging.vectors import KeptVectors
from bot.papers import Paper
from tests.support.builders import paper

TUNED, REPORTED_ONES, SEALED_ONES = read_queries(FRESH / TUNING), read_queries(FRESH / REPORTED), read_sealed_queries()
OLDER_ONES = read_queries(OLDER / TUNING) + read_queries(OLDER / REPORTED)


def wanted(*papers: str) -> JudgedQuery:
    return JudgedQuery("concept", "a query", frozenset(papers))


class TestQueries:
    def test_there_are_twenty_fresh_queries_of_each_of_twelve_kinds(self) -> None:
        kinds = Counter(each.kind for each in TUNED + REPORTED_ONES + SEALED_ONES)
        assert len(kinds) == 12
        assert set(kinds.values()) == {20}

    @pytest.mark.parametrize("queries", [TUNED, REPORTED_ONES, SEALED_ONES], ids=["tuning", "reported", "sealed"])
    def test_each_fresh_set_has_eighty_queries_and_as_many_of_each_kind(self, queries: list[JudgedQuery]) -> None:
        assert len(queries) == 80
        assert set(Counter(each.kind for each in queries).values()) == {6, 7}

    def test_no_paper_answers_queries_of_two_sets(self) -> None:
        papers = [
            {paper for each in queries for paper in each.papers}
            for queries in (TUNED, REPORTED_ONES, SEALED_ONES, OLDER_ONES)
        ]
        assert [one & other for one, other in combinations(papers, 2)] == [set()] * 6

    def test_no_query_is_asked_twice(self) -> None:
        queries = Counter(each.query for each in TUNED + REPORTED_ONES + SEALED_ONES + OLDER_ONES)
        assert [query for query, times in queries.items() if times > 1] == []

    def test_sealed_queries_cannot_be_read_by_searching_the_files(self) -> None:
        text = SEALED.read_text(encoding="ascii")
        assert not [each for each in SEALED_ONES if each.query in text]

    def test_sealed_queries_that_somebody_changed_are_not_asked(self, tmp_path: Path) -> None:
        changed = tmp_path / "sealed.base64"
        changed.write_bytes(SEALED.read_bytes()[:-2])
        with pytest.raises(SealBroken):
            read_sealed_queries(changed)


class TestNoise:
    @pytest.mark.parametrize(
        ("wins", "losses", "p"), [(8, 2, 0.109375), (10, 0, 0.001953125), (0, 10, 0.001953125), (5, 5, 1), (0, 0, 1)]
    )
    def test_the_sign_test_gives_the_values_of_the_textbooks(self, wins: int, losses: int, p: float) -> None:
        assert compute_sign_test(wins, losses) == pytest.approx(p)

    def test_two_queries_more_than_another_engine_are_noise(self) -> None:
        assert all(compute_sign_test(losses + 2, losses) > NOISE for losses in range(40))

    def test_half_of_eighty_queries_means_between_two_and_three_fifths(self) -> None:
        low, high = compute_interval([1.0] * 40 + [0.0] * 40, fmean)
        assert low == pytest.approx(0.39, abs=0.015)
        assert high == pytest.approx(0.61, abs=0.015)

    def test_the_same_answers_have_the_same_interval(self) -> None:
        hits = [True, False, True, True, False]
        assert compute_interval(hits, fmean) == compute_interval(hits, fmean)

    def test_answers_that_are_all_right_leave_no_doubt(self) -> None:
        assert compute_interval([1.0] * 9, fmean) == (1, 1)


class TestAnswers:
    def test_a_wanted_paper_counts_wherever_it_is_among_the_first_ten(self) -> None:
        found = [str(number) for number in range(20)]
        queries = [wanted("0"), wanted("4", "7"), wanted("9"), wanted("10"), wanted("elsewhere")]
        answers = Answers(queries, {OURS: find_ranks(lambda _, __: found, queries)})
        assert answers.ranks[OURS] == [1, 5, 10, None, None]
        assert (answers.get_hit_rate(OURS, 1), answers.get_hit_rate(OURS, 5)) == (0.2, 0.4)

    def test_an_engine_wins_where_it_puts_a_wanted_paper_higher(self) -> None:
        answers = Answers([wanted("one")] * 4, {OURS: [1, 10, 3, None], "peer": [2, None, 3, None]})
        assert answers.count_wins(OURS, "peer") == 2
        assert answers.count_wins("peer", OURS) == 0


def test_each_asking_of_the_sealed_queries_is_noted_with_its_day_and_figures(tmp_path: Path) -> None:
    askings = tmp_path / "askings.jsonl"
    for day, rank in ((date(2026, 1, 16), None), (date(2026, 1, 17), 2)):
        note_asking(day, Answers([wanted("one")] * 2, {OURS: [1, rank]}), askings)
    assert [(each.day, each.figures) for each in read_askings(askings)] == [
        ("2026-01-16", {OURS: [0.5, 0.5]}),
        ("2026-01-17", {OURS: [0.5, 1.0]}),
    ]


def test_a_vector_is_computed_once_for_each_model_and_text(tmp_path: Path) -> None:
    computed = []

    def compute(given: Paper) -> bytes:
        computed.append(given.title)
        return given.title.encode()

    for model in ("small", "large"):
        for title in ("Diffusion", "Diffusion again", "Diffusion"):
            with closing(KeptVectors(tmp_path / "vectors.db", model)) as kept:
                assert kept.get_or_compute(paper("2601.00001", title=title), compute) == title.encode()
    assert computed == ["Diffusion", "Diffusion again"] * 2
