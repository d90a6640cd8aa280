"""What a public host of the code needs: a workflow, forms for issues, a release that says what it changes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

GITHUB = ROOT / ".github"
FORMS = [each for each in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if each.stem != "config"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read_workflow() -> tuple[str, dict[str, Any]]:
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    return text, yaml.safe_load(text)


def test_the_workflow_runs_no_foreign_code_that_can_change_and_may_write_nothing() -> None:
    text, workflow = read_workflow()
    actions = re.findall(r"uses: (\S+)", text)
    assert actions
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", each) for each in actions)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())


def test_the_workflow_tests_every_python_that_the_package_names() -> None:
    _, workflow = read_workflow()
    names = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if " :: 3." in each]
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == names
    assert PROJECT["requires-python"] == f">={names[0]}"


def test_the_workflow_runs_targets_that_exist() -> None:
    text, _ = read_workflow()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"check", "test"} <= set(re.findall(r"make ([a-z-]+)", text)) <= targets


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_for_issues_is_one_that_github_shows(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    asked = [each for each in form["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in asked} <= {"checkboxes", "dropdown", "input", "textarea", "upload"}
    assert len({each["id"] for each in asked}) == len(asked)
    assert all(each["attributes"]["label"] for each in asked)
    assert any(each.get("validations", {}).get("required") for each in asked)


def test_the_changelog_says_first_what_to_read_before_updating_then_what_this_version_brings() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Read before updating"
    released = [each for each in headings[1:] if each != "Unreleased"]
    assert released[0].split()[0] == PROJECT["version"]
