"""The docs tell the truth: what is written from the code is what the code says."""

import re

from bot.settings import BotSettings, env_example
from tests.reference import COMMANDS, ROOT, SETTINGS, commands


async def test_the_command_reference_lists_every_command_and_option_as_it_is() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == await commands(), "run `make docs`"


def test_the_example_settings_are_the_settings() -> None:
    assert SETTINGS.read_text(encoding="utf-8") == env_example(), "run `make docs`"


def test_every_setting_the_documents_name_exists() -> None:
    known = {str(field.validation_alias) for field in BotSettings.model_fields.values()}
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"\bPAPERBOY_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= known, f"{path.name} names settings that do not exist: {named - known}"


def test_every_file_the_documents_point_to_exists() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} points to {target}"


def test_every_command_the_readme_names_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    reference = COMMANDS.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for slash in re.findall(r"`/((?:paper|digest|top)[a-z ]*)", text):
        assert f"## /{slash.strip()}" in reference, slash
    for target in re.findall(r"\bmake ([a-z-]+)\b", text):
        assert target in targets, target
