"""The docs tell the truth: what is written from the code is what the code says."""

import importlib
import math
import re

import pytest

from bot.command_line.app import MOVE_TO, app
from bot.search import HAS, MAX_WORDS, RIGHT_FORMS, Sort, parse_query
from bot.search.schema import compute_upvote_weight
from bot.settings import BotSettings, render_env_example
from tests.support.builders import DAY
from tests.support.paths import ROOT
from tests.support.reference import COMMANDS, SETTINGS, commands


async def test_the_command_reference_matches_the_commands() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == await commands(), "run `make docs`"


_PICTURE = re.compile(
    r"!\[(?P<words>[^\]]*)\]\((?P<path>[^)\s]+)\)|<img(?=[^>]*src=\"(?P<src>[^\"]+)\")(?:[^>]*alt=\"(?P<alt>[^\"]*)\")?"
)
PAGES = [*ROOT.glob("*.md"), ROOT / "deploy" / "README.md", *(ROOT / "docs").rglob("*.md")]
SEARCH = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def test_the_search_guide_names_every_operator_and_value() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+:)` \|(.*)$", SEARCH, re.MULTILINE))
    assert rows.keys() == {f"{name}:" for name in RIGHT_FORMS}
    for name, forms in RIGHT_FORMS.items():
        assert all(f"`{form}`" in rows[f"{name}:"] for form in forms), name
    assert all(f"`has:{what}`" in SEARCH for what in HAS)
    assert all(f"`sort:{order.value}`" in SEARCH for order in Sort)
    assert f"the first {MAX_WORDS} are read" in SEARCH


def test_every_query_in_the_search_guide_is_valid() -> None:
    operators = "|".join(RIGHT_FORMS)
    queries = re.findall(rf"`([^`\n]*(?:{operators}):[^`\n]+)`", SEARCH)
    assert len(queries) > 25
    for query in queries:
        mistakes = parse_query(query, DAY).mistakes
        assert [each.corrections for each in mistakes] == ([("min:50",)] if query == "min:abc" else []), query


def test_the_search_guide_says_how_much_upvotes_count() -> None:
    factors = {upvotes: math.log2(2 + compute_upvote_weight(upvotes)) for upvotes in (0, 50, 400)}
    assert factors[50] == pytest.approx(1 + 0.03 * math.log2(51))
    assert "1 + 0.03 · log₂(1 + upvotes)" in SEARCH
    said = re.search(r"That is ([\d.]+) without a vote, ([\d.]+)\s+with fifty and ([\d.]+) with four hundred", SEARCH)
    assert said
    assert [float(each) for each in said.groups()] == [pytest.approx(each, abs=0.005) for each in factors.values()]


def test_every_picture_in_the_docs_is_there_and_says_what_it_shows() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = [(page, each) for page in pages for each in _PICTURE.finditer(page.read_text(encoding="utf-8"))]
    assert len(shown) > 5
    for page, picture in shown:
        words, path = picture["words"] or picture["alt"] or "", picture["path"] or picture["src"]
        assert len(words.split()) >= 3, f"{page.name} says nothing of {path}"
        assert (page.parent / path).is_file(), f"{page.name} shows {path}, which does not exist"


def test_the_example_settings_match_the_settings() -> None:
    assert SETTINGS.read_text(encoding="utf-8") == render_env_example(), "run `make docs`"


def test_every_setting_that_the_docs_name_exists() -> None:
    known = {str(field.validation_alias) for field in BotSettings.model_fields.values()} | {MOVE_TO}
    for path in PAGES:
        named = set(re.findall(r"\bPAPERBOY_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= known, f"{path.name} names settings that do not exist: {named - known}"


def test_every_file_that_the_docs_link_to_exists() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} points to {target}"


def name_anchor(heading: str) -> str:
    """What a link calls a heading on the host of the code."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_every_heading_that_the_docs_link_to_exists() -> None:
    links = [
        (page, page if not target else (page.parent / target), anchor)
        for page in PAGES
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 10
    for page, target, anchor in links:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in map(name_anchor, headings), f"{page.name} points to {target.name}#{anchor}"


def test_every_command_line_that_the_docs_name_exists() -> None:
    importlib.import_module("bot.__main__")  # loads the commands
    known = {command.name for command in app.registered_commands}
    for page in PAGES:
        code = re.findall(r"`[^`\n]+`|^```.*?^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        named = set(re.findall(r"(?:^|[`\s/])paperboy ([a-z]+)\b", "\n".join(code), re.MULTILINE))
        assert named <= known, f"{page.name} names commands that do not exist: {named - known}"


def test_every_command_that_the_readme_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    reference = COMMANDS.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for slash in re.findall(r"`/((?:paper|digest|top)[a-z ]*)", text):
        assert f"## /{slash.strip()}" in reference, slash
    for target in re.findall(r"\bmake ([a-z-]+)\b", text):
        assert target in targets, target


def test_every_test_that_the_promises_name_exists() -> None:
    promises = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", promises))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 20
    assert named <= set(re.findall(r"\bdef (test_\w+)", sources))


def test_every_promise_names_a_test() -> None:
    promises = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [row for row in promises.splitlines() if row.startswith("| ") and not row.startswith("| promise")]
    assert rows
    assert all("`test_" in row for row in rows)
