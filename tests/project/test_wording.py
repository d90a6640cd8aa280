"""Sentences for people are made in `bot/layouts`, from values: a second language would need no other file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SENTENCE = re.compile(r"[A-Za-z][a-z']+,? [a-z']+,? [a-z']+")  # three words in a row, the last two in small letters
SQL = re.compile(r"\b(SELECT|FROM|INSERT INTO|UPDATE|DELETE|WHERE)\b")
LAYOUTS = "bot/layouts"
ELSEWHERE = {  # and why
    "bot/__init__.py": "a Python too old for Paperboy can't read the layouts",
    "bot/demo": "a show with words of its own",
    "bot/settings/kinds.py": "the meaning of a setting is beside it, and fills `.env.example`",
    "bot/metrics.py": "the meaning of a metric is beside it, and `/metrics` shows it",
    "bot/models": "details for the log, beside a problem; and what models want before a query",
    "bot/papers/api.py": "details for the log, beside a reason",
    "bot/search/encoders.py": "texts that a model reads, and details for the log",
    "bot/search/known_names.py": "names, and the words that some are short for",
    "bot/search/likeness.py": "words that say nothing",
    "bot/search/organizations.py": "names, and of which family they are",
}
# Discord and the command line want the meaning of a command or an option where it is defined.
DEFINING = {"Argument", "describe", "command", "Group", "Option", "Typer"}
MEANINGS = {"_OPTION_DESCRIPTIONS", "_DEFAULTS", "_SUBSCRIPTION_OPTION", "PAPER_OPTION"}
INTERNAL = {"ValueError"}  # caught, and at most logged


def sources() -> list[Path]:
    found = (path for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not any(_is_in(path, place) for place in (LAYOUTS, *ELSEWHERE)))


def _is_in(path: Path, place: str) -> bool:
    return path.is_relative_to(ROOT / place)


def sentences(code: str) -> Iterator[str]:
    """The texts in `code` that read like sentences, but for documentation, logs, SQL and what a command means."""
    tree = ast.parse(code)
    excused = {id(each) for node in ast.walk(tree) for each in _excused(node)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if SENTENCE.search(text) and not SQL.search(text) and id(node) not in excused:
            yield text


def _excused(node: ast.AST) -> Iterator[ast.AST]:
    """What in `node` speaks to no person, or has to stand where it is."""
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            yield node.value
        case ast.ClassDef():
            yield from _inside(*node.keywords)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            yield from _inside(node)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in DEFINING | INTERNAL:
            yield from _inside(node)
        case ast.Assign(targets=[ast.Name(id=name)]) if name in MEANINGS:
            yield from _inside(node)


def _inside(*nodes: ast.AST) -> Iterator[ast.AST]:
    return (each for node in nodes for each in ast.walk(node))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sentence_for_people_is_made_outside_the_layouts(path: Path) -> None:
    assert list(sentences(path.read_text(encoding="utf-8"))) == []


def test_a_sentence_made_elsewhere_is_found() -> None:
    made = 'reason = "the channel is gone"\nraise Refused(f"I lack {name} in the channel")\n'
    assert list(sentences(made)) == ["the channel is gone", " in the channel"]
    left = '"""What a module is about."""\nlog.info("delivery was sent again")\nrun("SELECT id FROM papers as each")\n'
    assert list(sentences(left)) == []
