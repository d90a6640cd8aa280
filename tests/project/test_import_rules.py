"""The import rules: `make check` fails if a module breaks them, or is in none of their lists."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

CHECKED = ("bot", "cogs")
FOLDERS = sorted({path.parent.relative_to(ROOT) for name in CHECKED for path in (ROOT / name).rglob("*.py")})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project, to be broken."""
    for name in CHECKED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(copy: Path) -> list[str]:
    """The contracts that do not hold in `copy`, or what else the check ended with."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache"]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    broken = re.findall(r"^(.+) BROKEN", ended.stdout, re.MULTILINE)
    assert bool(broken) == bool(ended.returncode), ended.stdout + ended.stderr
    return broken


def test_the_project_keeps_its_import_rules(copy: Path) -> None:
    assert broken_contracts(copy) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_module_that_no_contract_lists_fails_the_check(copy: Path, folder: Path) -> None:
    (copy / folder / "rogue.py").write_text('"""Anything."""\n', encoding="utf-8")
    assert broken_contracts(copy)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bot/reasons.py", "import bot.settings"),
        ("bot/papers/api.py", "import bot.storage"),
        ("bot/layouts/text.py", "import bot.client"),
        ("bot/__main__.py", "import cogs.posting"),
        ("bot/archive.py", "import discord"),
        ("bot/archive.py", "import sqlite3"),
        ("bot/archive.py", "import pydantic"),
        ("bot/archive.py", "import tantivy"),
        ("bot/delivery/planning.py", "import discord"),
        ("bot/layouts/reasons.py", "import discord"),
        ("bot/editing/editor.py", "import bot.layouts.panel"),
        ("cogs/posting.py", "import cogs.ranking"),
        ("cogs/posting.py", "import bot.demo.show"),
        ("cogs/posting.py", "import bot.__main__"),
    ],
)
def test_an_import_against_the_rules_fails_the_check(copy: Path, module: str, line: str) -> None:
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert broken_contracts(copy)


def test_tests_share_helpers_through_support_and_fixtures_through_conftest() -> None:
    shared = re.compile(r"^\s*from tests\S*\.(?:test_\w+|conftest) import|# noqa: F401", re.MULTILINE)
    tests = (ROOT / "tests").rglob("*.py")
    found = [path.relative_to(ROOT) for path in tests if shared.search(path.read_text(encoding="utf-8"))]
    assert found == [Path(__file__).relative_to(ROOT)]  # which has the pattern itself
