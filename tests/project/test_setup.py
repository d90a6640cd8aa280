"""What `make setup` and `make demo` install: the same versions everywhere, and no more than is needed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

PARTS = {
    "run": "semantic",
    "semantic": "models",
    "models": "dev",
    "multilingual": "dev",
    "demo": "dev",
    "build": "dev",
}  # each lock file, and one that holds all of it
EXTRAS = {
    "run": (),
    "semantic": ("semantic",),
    "models": ("models",),
    "multilingual": ("multilingual",),
    "demo": ("build", "demo"),
    "dev": ("dev",),
}  # as in `make lock`
LOCKS = sorted(PARTS.keys() | EXTRAS.keys())


def read_lock(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """The version and hashes of each package in `requirements/<name>.txt`."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"\n(?=[\w])", text):
        package = re.match(r"([\w.-]+)==([^\s;]+)", block)
        assert package, block
        found[package[1]] = (package[2], frozenset(re.findall(r"--hash=(sha256:\w{64})", block)))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_has_a_hash_for_each_package_and_names_no_host(name: str) -> None:
    packages = read_lock(name)
    assert packages
    assert all(hashes for _, hashes in packages.values())
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("part", PARTS)
def test_what_comes_first_needs_no_other_version_later(part: str) -> None:
    whole = read_lock(PARTS[part])
    different = {package for package, pin in read_lock(part).items() if whole.get(package) != pin}
    assert different == set()


def test_a_wheel_is_built_with_what_pyproject_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert {canonicalize_name(Requirement(each).name) for each in asked} <= read_lock("build").keys()


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_file_has_what_pyproject_asks_for(name: str) -> None:
    packages = read_lock(name)
    asked = {canonicalize_name(each.name): each.specifier for each in read_requirements(*EXTRAS[name])}
    assert asked.keys() <= packages.keys()
    assert {each for each, allowed in asked.items() if packages[each][0] not in allowed} == set()


def read_requirements(*extras: str) -> list[Requirement]:
    """What `pyproject.toml` asks for with these extras, some of which name others."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    found = []
    for each in map(Requirement, asked):
        found += read_requirements(*each.extras) if each.name == "paperboy" else [each]
    return found


def test_the_demo_installs_nothing_that_only_tests_checks_or_meaning_need() -> None:
    needed, asked = (
        {canonicalize_name(each.name) for each in read_requirements(*EXTRAS[name])} for name in ("demo", "dev")
    )
    others = asked - needed
    assert "pytest" in others
    assert not read_lock("demo").keys() & {*others, "av", "onnxruntime", "playwright", "psycopg-binary"}


_START = """
import asyncio, importlib.abc, sys, tempfile
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name
from pathlib import Path

installed = set({packages!r})
distributions = packages_distributions()

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        owners = set(map(canonicalize_name, distributions.get(name, [])))
        if owners and not owners & installed:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from rich.console import Console
from bot.demo.show import open_demo, open_page

async def main():
    with tempfile.TemporaryDirectory() as folder:
        async with open_demo(Path(folder), Console(quiet=True)) as demo, open_page(demo) as page:
            print(page.url)

asyncio.run(main())
"""


def test_the_demo_starts_with_only_what_make_demo_installs() -> None:
    code = _START.format(packages=[*read_lock("demo"), "paperboy"])
    started = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("http://127.0.0.1:")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder with what make looks at, as after a clone."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv").mkdir()
    for name in ("Makefile", "pyproject.toml", *(f"requirements/{each}.txt" for each in LOCKS)):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def list_installs(folder: Path, target: str) -> list[str]:
    """The lock files that `make <target>` would install."""
    said = subprocess.run(["make", "-n", target], cwd=folder, capture_output=True, text=True, check=True)
    return re.findall(r"pip install .*--requirement requirements/(\w+)\.txt", said.stdout)


def test_make_installs_what_a_target_needs_and_never_the_same_twice(fresh: Path) -> None:
    assert list_installs(fresh, "demo") == ["demo"]
    assert list_installs(fresh, "test") == ["dev"]
    (fresh / ".venv" / "ready-demo").touch()
    assert list_installs(fresh, "demo") == []
    assert list_installs(fresh, "test") == ["dev"]  # on top of what the demo has
    (fresh / ".venv" / "ready").touch()
    assert list_installs(fresh, "demo") == []
    assert list_installs(fresh, "test") == []


def test_after_make_setup_the_demo_needs_nothing_more(fresh: Path) -> None:
    (fresh / ".venv" / "ready").touch()
    assert list_installs(fresh, "demo") == []
