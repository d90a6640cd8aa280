"""What the doctor prints: a line for each finding, with its reason and its fix, or JSON."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.findings import Examined, Finding, Kind, Severity
from bot.layouts.findings import WORDS, Words
from bot.layouts.measures import format_duration, format_instant, format_size
from bot.layouts.reasons import explain_reason
from bot.layouts.text import count_noun, format_day, join_words
from bot.reasons import Reason

_SIGNS = {Severity.SKIPPED: "–", Severity.OK: "✓", Severity.WARNING: "!", Severity.ERROR: "✗"}
_WIDTH = 10  # of the names of checks
_SIZES = {"size", "wal_size", "free", "growth"}
_NOUNS = {"papers": "paper", "subscriptions": "subscription", "servers": "server", "connections": "connection"}
_NUMBERS = {  # what the fact `number` counts
    Kind.PAPERS_FINE: "paper",
    Kind.COMMANDS_FINE: "command",
    Kind.RUNS_OVERDUE: "run",
    Kind.RUNS_WAITING: "run",
    Kind.SUBSCRIPTIONS_UNREADABLE: "subscription",
    Kind.INDEX_BEHIND: "change",
    Kind.BACKUPS_FINE: "backup",
}
EXAMINING = "Examining"
ASKING_FOR_CHANNELS = "Asking Discord for channels"


def describe_examined(examined: Examined) -> str:
    """What a check found, as lines for a terminal; each problem with its reason and its fix."""
    return "\n".join(_describe_finding(examined.check, finding) for finding in examined.findings)


def _describe_finding(check: str, finding: Finding) -> str:
    words = word_finding(finding)
    lines = [f"{_SIGNS[finding.severity]} {check:<{_WIDTH}}  {words.what}"]
    lines += [f"{' ' * (_WIDTH + 4)}{each}" for each in (words.why, words.fix and f"→ {words.fix}") if each]
    return "\n".join(lines)


def word_finding(finding: Finding) -> Words:
    """The finding in words."""
    words = WORDS[finding.kind]
    facts = {name: _word_fact(finding.kind, name, fact) for name, fact in finding.facts.items()}
    return Words(*(each.format_map(facts) for each in (words.what, words.why, words.fix)))


def _word_fact(kind: Kind, name: str, fact: Any) -> str:
    if isinstance(fact, int):
        return _word_number(kind, name, fact)
    if isinstance(fact, timedelta) and name == "offset":
        return _word_offset(fact)
    worded = next((word(fact) for type_, word in _WORDED.items() if isinstance(fact, type_)), str(fact))
    return "".join(letter if letter.isprintable() else "�" for letter in worded)  # strangers' text may steer a terminal


def _word_number(kind: Kind, name: str, number: int) -> str:
    if name in _SIZES and kind is not Kind.CONNECTIONS_SHORT:
        return format_size(number)
    noun = _NUMBERS.get(kind) if name == "number" else _NOUNS.get(name)
    return count_noun(number, noun) if noun else str(number)


def _strip_markdown(sentence: str) -> str:
    """A sentence that is meant for Discord, for a terminal."""
    plain = sentence.replace("**", "").replace("`", "")
    return re.sub(r"<t:(\d+)(:\w)?>", lambda found: format_instant(datetime.fromtimestamp(int(found[1]), UTC)), plain)


def _word_offset(offset: timedelta) -> str:
    return f"{format_duration(abs(offset))} {'ahead of' if offset > timedelta() else 'behind'}"


_WORDED: Mapping[type, Callable[[Any], str]] = {
    Reason: lambda reason: _strip_markdown(explain_reason(reason)),
    timedelta: format_duration,
    datetime: format_instant,
    date: format_day,
    list: join_words,
}


def describe_verdict(examined: Sequence[Examined]) -> str:
    """The last line: how many problems there are."""
    severities = [finding.severity for each in examined for finding in each.findings]
    counts = {"error": severities.count(Severity.ERROR), "warning": severities.count(Severity.WARNING)}
    found = [count_noun(number, noun) for noun, number in counts.items() if number]
    return f"{join_words(found)}." if found else "Nothing is wrong."


def list_for_json(examined: Iterable[Examined]) -> list[dict[str, Any]]:
    """The findings with their words, as JSON can hold them."""
    return [
        {
            "check": each.check,
            "kind": finding.kind.value,
            "severity": finding.severity.name.lower(),
            "facts": {name: _simplify_fact(fact) for name, fact in finding.facts.items()},
            **asdict(word_finding(finding)),
        }
        for each in examined
        for finding in each.findings
    ]


def _simplify_fact(fact: Any) -> Any:
    match fact:
        case str() | int() | float() | None:
            return fact
        case list():
            return [_simplify_fact(each) for each in fact]
        case timedelta():
            return fact.total_seconds()
        case date():  # an instant is one too
            return fact.isoformat()
        case Reason():
            return fact.kind.value
    return str(fact)
