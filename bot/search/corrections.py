"""What was meant by words that no paper has: a misspelled word, or the beginning of one.

An English word is left as it is. What another may have been meant to be is weighed by how people slip, by how many
papers have it, and by whether papers with it are about the rest of the query.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import tantivy

from bot.search.dictionary import is_english_word
from bot.search.index import Hits
from bot.search.known_names import is_known_name, looks_like_name
from bot.search.query import Correction, Guess, Query
from bot.search.query_builder import QueryBuilder
from bot.search.schema import fold_word, join_word, split_names, split_stems
from bot.search.spelling import FREQUENCY_BONUS, SHORTEST, Candidate, Spelling

MAX_CORRECTED = 5  # words of a query
_IN_COMPANY = 5  # candidates for a word that are looked for together with the rest of the query
# Of a slip: between a word of the best paper for the rest of the query, and one that none of its papers has.
_COMPANY_BONUS = 0.6
# What a candidate for a word of so many letters may be away from it.
_FARTHEST = ((4, 0.1), (6, 0.45), (8, 0.8), (99, 1.0))
_SURE_SLIPS = 0.9
_SURE_LETTERS = 6
_SURE_LEAD = 0.3  # of a slip, before the next candidate
# What it counts, as slips do, to have typed only so many letters of a word; and how far its beginning may be at most.
_BEGINNING, _FARTHEST_BEGINNING = ((4, 0.8), (5, 0.5), (99, 0.3)), 0.3
_MAX_BEGUN = 3  # words that begin so are looked for, and each …
_SHARE = 0.2  # … is in at least this share of the papers that the most common one is in
_LIGHT_SLIP, _FAR_MORE_PAPERS = 0.8, 100  # what makes a word of one or two papers a slip
_NO_WORD = re.compile(r'[/@\\_":]')  # in links and code
_PART = re.compile(r"[^\W_]+")


def read_spelling(searcher: tantivy.Searcher) -> Spelling:
    """The words of the archive and the names that papers give their work or write with a digit, such as `gpt4o`."""
    numbered = [
        (form, papers)
        for form, papers in searcher.terms_with_prefix("written", "")
        if papers > 1 and any(map(str.isdigit, form)) and not form.isdigit()
    ]
    return Spelling(searcher.terms_with_prefix("words", ""), [*numbered, *searcher.terms_with_prefix("called", "")])


@dataclass(frozen=True, slots=True)
class Corrector:
    """Corrects words of queries. `get_spelling` has the words of the archive, and `run_query` searches it."""

    builder: QueryBuilder
    searcher: tantivy.Searcher
    get_spelling: Callable[[], Spelling]
    run_query: Callable[[tantivy.Query, int], Hits]

    def find_corrections(self, query: Query) -> tuple[Correction, ...]:
        """What the first few words that no paper has may have been meant to be. Takes milliseconds for each.

        Those in quotes count among the first few: else the next ones would be corrected where these must not be.
        """
        company = _Company(self, [word.text for word in query.words])
        correctable = set(query.correctable_words)
        misspelled = [*islice(self._list_misspelled(query.spelled_words), MAX_CORRECTED)]
        rare = islice(filter(self.builder.counts.is_rare, query.spelled_words), MAX_CORRECTED - len(misspelled))
        found = [self._correct_word(word, parts, company) for word, parts in misspelled if word in correctable]
        found += [self._correct_rare_word(word) for word in rare if word in correctable]
        return tuple({each.typed: each for each in found if each}.values())

    def list_nearest_words(self, words: Sequence[str], limit: int) -> Iterator[str]:
        """The nearest words of the archive for the first few of `words` that no paper has, up to `limit` for each."""
        for word, parts in islice(self._list_misspelled(words), MAX_CORRECTED):
            if parts == split_names(word):
                near = (
                    each for each in self.get_spelling().find_nearest(join_word(word)) if _is_near(word, each.distance)
                )
                yield from (each.text for each in islice(near, limit))

    def _list_misspelled(self, words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Those of `words` that may be misspelled, with their parts that no paper has; no acronyms, no known names."""
        in_capitals = all(word.isupper() for word in words if word.isalpha())
        for word, parts in self.builder.counts.find_unknown_parts(words):
            is_acronym = word.isupper() and not in_capitals
            if not is_acronym and not is_known_name(word) and not _NO_WORD.search(word):
                yield word, parts

    def _correct_word(self, word: str, parts: Sequence[str], company: "_Company") -> Correction | None:
        rest = company.leave_out(word)
        if len(split_names(word)) == 1:
            return self._correct_part(parts[0], word, rest)
        if whole := self._correct_part(join_word(word), word, rest):  # `gtp-4o`, of which each part is short
            return replace(whole, words=tuple(_split_like(each, word) for each in whole.words))
        by_part = {part: each for part in parts if (each := self._correct_part(part, word, rest))}
        if not by_part:
            return None
        corrected = _PART.sub(lambda found: _get_first(by_part, found[0]), word)
        is_sure = all(each.guess is Guess.SURE for each in by_part.values())
        return Correction(word, (corrected,), Guess.SURE if is_sure else Guess.DOUBTFUL)

    def _correct_rare_word(self, word: str) -> Correction | None:
        """`speech` for `speach`, which is a slip even if it is one of a paper too."""
        if looks_like_name(word) or is_known_name(word) or is_english_word(fold_word(word)):
            return None
        near = (each for each in self.get_spelling().find_nearest(fold_word(word)) if each.papers >= _FAR_MORE_PAPERS)
        likeliest = next(near, None)
        if not likeliest or likeliest.slips > _LIGHT_SLIP or not _is_near(word, likeliest.distance):
            return None
        return Correction(word, (likeliest.text,), Guess.DOUBTFUL)

    def _correct_part(self, part: str, word: str, rest: "_Company") -> Correction | None:
        """The correction of `part`, which is a `word` or a part of it between hyphens."""
        if len(part) < SHORTEST or not part.isascii():
            return None
        if is_english_word(part):
            return self._spell_american(part, word)
        near = self._list_near(part, rest, names_only=looks_like_name(word) and not word.isupper())
        begun, distance = self._list_begun(part)
        if begun and (not near or distance < near[0][0]):
            return Correction(word, begun, Guess.BEGINNING)
        if not near or not _is_near(part, near[0][0]):
            return None
        return Correction(word, (near[0][1].text,), Guess.SURE if _is_sure(part, near) else Guess.DOUBTFUL)

    def _spell_american(self, part: str, word: str) -> Correction | None:
        """`quantization` for `quantisation`."""
        near = (each.text for each in self.get_spelling().find_nearest(part))
        same = next((each for each in near if each.replace("z", "s") == part), None)
        return Correction(word, (same,), Guess.SURE) if same else None

    def _list_near(self, part: str, rest: "_Company", *, names_only: bool) -> list[tuple[float, Candidate]]:
        """What `part` may have been meant to be, with the distances in the company of the rest, the nearest first."""
        candidates = (each for each in self.get_spelling().find_nearest(part) if each.is_name or not names_only)
        within = (each for each in candidates if _is_near(part, each.distance - _COMPANY_BONUS / 2))
        weighed = [
            (each.distance + _COMPANY_BONUS * (0.5 - rest.measure(each.text)), each)
            for each in islice(within, _IN_COMPANY)
        ]
        return sorted(weighed, key=lambda each: each[0])

    def _list_begun(self, part: str) -> tuple[tuple[str, ...], float]:
        """The most common words of papers' texts that begin so, and how far they are, as candidates are."""
        found = [
            each
            for each in islice(self.searcher.terms_with_prefix("words", part), 20)
            if any(
                self.searcher.doc_freq(field, stem) for stem in split_stems(each[0]) for field in ("title", "abstract")
            )
        ]
        common = [(word, papers) for word, papers in found if papers >= _SHARE * found[0][1]]
        total = sum(papers for _, papers in common)
        distance = _look_up(_BEGINNING, len(part)) - FREQUENCY_BONUS * math.log10(max(1, total))
        if distance > _FARTHEST_BEGINNING:
            return (), distance
        return tuple(word for word, _ in common[:_MAX_BEGUN]), distance


class _Company:
    """The words of a query, beside which a candidate is likely if papers have it together with them."""

    def __init__(self, corrector: Corrector, words: Sequence[str]) -> None:
        self._corrector = corrector
        self._words = words
        self._best: float | None = None

    def leave_out(self, word: str) -> "_Company":
        """The other words."""
        return _Company(self._corrector, [each for each in self._words if each != word])

    def measure(self, candidate: str) -> float:
        """How well the best paper that has `candidate` fits the words, from 0 to 1 as the best of all papers does."""
        company = self._corrector.builder.build_company(self._words)
        if self._best is None:
            self._best = self._get_best_score(company) if company else 0.0
        if not company or not self._best:
            return 0.5
        return self._get_best_score(self._corrector.builder.build_in_company(candidate, company)) / self._best

    def _get_best_score(self, query: tantivy.Query) -> float:
        return self._corrector.run_query(query, 1).best_score


def _is_near(word: str, distance: float) -> bool:
    return distance <= _look_up(_FARTHEST, len(word))


def _look_up(steps: Sequence[tuple[int, float]], letters: int) -> float:
    """What counts for a word of so many letters, which is in the first step that reaches them, or the last."""
    return next((value for most, value in steps if letters <= most), steps[-1][1])


def _is_sure(part: str, near: Sequence[tuple[float, Candidate]]) -> bool:
    """Whether the nearest is meant: one light slip in a longer word, and nothing else is about as near."""
    (distance, first), *others = near
    rivals = [other for other, each in others if split_stems(each.text) != split_stems(first.text)]
    leads = not rivals or rivals[0] - distance >= _SURE_LEAD
    return first.slips <= _SURE_SLIPS and len(part) >= _SURE_LETTERS and leads


def _get_first(corrections: dict[str, Correction], part: str) -> str:
    found = corrections.get(fold_word(part))
    return found.words[0] if found else part


def _split_like(form: str, typed: str) -> str:
    """`gpt-4o` for `gpt4o`, as `gtp-4o` was typed."""
    for place in range(1, len(typed)):
        start, end = join_word(typed[:place]), join_word(typed[place:])
        if typed[place].isalnum() or not start or not end:
            continue
        if form.endswith(end):
            return form.removesuffix(end) + typed[place] + end
        if form.startswith(start):
            return start + typed[place] + form.removeprefix(start)
    return form
