"""One word for each thing: what `docs/glossary.md` names exists, and the words that were given up stay away."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.storage import open_storage
from tests.support.builders import query
from tests.support.paths import ROOT

FOLDERS = ("bot", "cogs", "tests", "bench", "deploy", "faults")
RETIRED = {
    *("courier", "desk", "discussion", "discussions", "errand", "house", "prospect", "taste", "timetable", "upkeep"),
    *("wish", "wished", "wishes", "zone", "zones"),
}


def sources() -> Iterator[Path]:
    return (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def names(path: Path) -> frozenset[str]:
    """The identifiers in a file, except those of tests, whose names are sentences."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = (getattr(node, field, None) for node in nodes for field in ("id", "attr", "name", "arg", "asname"))
    return frozenset(name for name in found if isinstance(name, str) and not name.startswith("test_"))


def test_no_name_has_a_word_that_was_given_up() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        for name in names(path)
        if RETIRED.intersection(name.lower().split("_"))
    }
    assert found == set()


async def test_no_table_or_column_has_a_word_that_was_given_up(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    async with open_storage(path):
        pass
    columns = query(
        path,
        "SELECT tables.name, columns.name FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns",
    )
    assert not [each for each in columns if RETIRED.intersection(f"{each[0]}_{each[1]}".split("_"))]


def test_every_name_in_the_glossary_is_in_the_code() -> None:
    known = {name for path in sources() for name in (path.stem, *names(path))}
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = {each for each in re.findall(r"`([A-Za-z_]+)`", glossary) if "_" in each or re.search(r"[a-z][A-Z]", each)}
    assert named
    assert named <= known
