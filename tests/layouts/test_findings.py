"""What the doctor says of each kind of finding."""

import inspect
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest

from bot.findings import Examined, Finding, Kind, Severity, find
from bot.layouts.doctor import describe_examined, list_for_json, word_finding
from bot.layouts.findings import WORDS
from bot.layouts.measures import format_size
from bot.reasons import Reason, ReasonKind


@pytest.mark.parametrize("kind", Kind)
def test_each_problem_says_why_it_matters_and_how_to_fix_it(kind: Kind) -> None:
    words = WORDS[kind]
    assert words.what
    is_problem = Finding(kind).severity >= Severity.WARNING
    assert bool(words.why) == bool(words.fix) == is_problem


@pytest.mark.parametrize("kind", Kind)
def test_each_sentence_has_only_facts_that_its_kind_is_said_to_have(kind: Kind) -> None:
    (line,) = [each for each in inspect.getsource(Kind).splitlines() if each.strip().startswith(f"{kind.name} = ")]
    said = line.rpartition("#")[2]
    used = {name for text in asdict(WORDS[kind]).values() for _, name, _, _ in Formatter().parse(text) if name}
    assert all(name in said for name in used), (used, line)


def test_facts_are_put_into_words() -> None:
    late = find(Kind.RUNS_OVERDUE, number=1200, since=datetime(2026, 1, 16, 8, tzinfo=UTC))
    assert word_finding(late).what.startswith("1,200 runs overdue since 2026-01-16 08:00 UTC,")
    ahead = find(Kind.CLOCK_FAR_OFF, source="Discord", offset=timedelta(hours=2, minutes=59))
    assert word_finding(ahead).what == "The clock is 2 hours ahead of that of Discord."
    behind = find(Kind.CLOCK_WRONG, source="Hugging Face", offset=-timedelta(seconds=45))
    assert word_finding(behind).what == "The clock is 45 seconds behind that of Hugging Face."
    timed_out = Reason(ReasonKind.IN_TIME_OUT, until=datetime(2026, 1, 16, 8, tzinfo=UTC))
    blocked = find(Kind.CHANNEL_BLOCKED, server=1, channel=2, subscription=3, reason=timed_out)
    assert word_finding(blocked).what == (
        "Subscription 3 (server 1, channel 2): I'm in time-out until 2026-01-16 08:00 UTC."
    )


@pytest.mark.parametrize(
    ("number", "worded"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (2**30, "1.1 GB"), (10**14, "100 TB")],
)
def test_sizes_are_short(number: int, worded: str) -> None:
    assert format_size(number) == worded


def test_a_strangers_text_steers_no_terminal_and_fills_no_sentence() -> None:
    found = find(Kind.CHECK_FAILED, detail="{path} %s \x1b]0;a\x07 \u202eb\nc")
    told = describe_examined(Examined("papers", (found,)))
    assert "{path} %s" in told
    assert not set("\x1b\x07\u202e") & set(told)
    assert len(told.splitlines()) == 3
    (known,) = list_for_json([Examined("papers", (found,))])
    assert known["facts"] == {"detail": "{path} %s \x1b]0;a\x07 \u202eb\nc"}
