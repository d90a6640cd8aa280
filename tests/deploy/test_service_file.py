"""The systemd unit and the guide for a small server."""

import importlib
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import typer

from bot.command_line.app import USAGE, app
from bot.settings import BotSettings
from bot.watchdog import TICK_LIMIT
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "paperboy.service"
TEMPLATE = DEPLOY / "paperboy@.service"  # of which each process of several is an instance
GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")
ENOUGH = 3.0  # the highest exposure to attackers that is taken, of ten


def read_unit() -> dict[str, list[str]]:
    found = defaultdict(list)
    for name, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE):
        found[name].append(value)
    return found


def list_blocks(language: str) -> list[list[str]]:
    """The lines of each block of code in the guide."""
    return [block.splitlines() for block in re.findall(rf"```{language}\n(.*?)\n\s*```", GUIDE, re.DOTALL)]


@pytest.mark.parametrize("file", [UNIT, TEMPLATE], ids=lambda file: file.name)
def test_systemd_takes_the_service_for_well_confined(file: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"Overall exposure level for paperboy\S*\.service: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) < ENOUGH


@pytest.mark.parametrize(("file", "name"), [(UNIT, UNIT.name), (TEMPLATE, "paperboy@0-24.service")])
def test_systemd_understands_every_line_of_the_service(file: Path, name: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / file.name).write_text(unit, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "paperboy" in line]) == (0, [])


def test_a_process_of_several_runs_as_a_single_one_does_but_for_its_shards() -> None:
    alone, several = (
        [line for line in each.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for each in (UNIT, TEMPLATE)
    )
    added = [line for line in several if line not in alone]
    assert [line for line in alone if line not in several] == [alone[1], alone[3]]
    assert added == [
        f"{alone[1]}: shards %i",
        f"{alone[3]} postgresql.service",
        "Environment=PAPERBOY_SHARDS=%i/30",
        "EnvironmentFile=-%S/paperboy/%i.env",
    ]


def test_the_service_is_confined_where_systemd_analyze_is_missing_too() -> None:
    unit = read_unit()
    assert unit["User"] == ["paperboy"]
    assert (unit["CapabilityBoundingSet"], unit["NoNewPrivileges"], unit["ProtectSystem"]) == (
        [""],
        ["yes"],
        ["strict"],
    )
    assert unit["StateDirectoryMode"] == ["0700"]


def test_what_only_a_human_can_fix_is_not_tried_again_and_all_else_is() -> None:
    unit = read_unit()
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == [str(USAGE)]
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_the_bots_own_watchdog_comes_first_because_it_logs_where_the_bot_hangs() -> None:
    minutes = re.fullmatch(r"(\d+)min", read_unit()["WatchdogSec"][0])
    assert minutes
    assert int(minutes[1]) * 60 > TICK_LIMIT


def test_service_scripts_and_guide_name_the_same_places() -> None:
    unit, install, command = (
        (DEPLOY / each).read_text(encoding="utf-8") for each in ("paperboy.service", "install.sh", "paperboy.sh")
    )
    program, folder = "/opt/paperboy/.venv/bin/paperboy", "/var/lib/paperboy"
    assert f"ExecStart={program} run" in unit
    assert f"runuser -u paperboy -- env HOME={folder} {program}" in command
    assert "StateDirectory=paperboy\n" in unit
    assert f"cd {folder} &&" in command
    assert f"--owner=paperboy --group=paperboy --mode=0700 {folder}" in install
    assert re.findall(r"install --mode=\d+ (\S+) (\S+)", install) == [
        ("paperboy.sh", "/usr/local/bin/paperboy"),
        ("paperboy.service", "/etc/systemd/system/paperboy.service"),
        ("paperboy@.service", "/etc/systemd/system/paperboy@.service"),
    ]
    for place in ("/opt/paperboy", folder, "/usr/local/bin/paperboy", "/etc/systemd/system/paperboy.service"):
        assert place in GUIDE


@pytest.mark.parametrize("name", ["install.sh", "paperboy.sh"])
def test_the_scripts_are_valid(name: str) -> None:
    subprocess.run(["sh", "-n", str(DEPLOY / name)], check=True)


def test_a_small_server_takes_ten_commands() -> None:
    commands = list_blocks("sh")[0]
    assert len(commands) == 10
    assert (commands[0], commands[-1]) == ("sudo apt-get update", "sudo systemctl enable --now paperboy")


def test_an_update_installs_as_the_first_time() -> None:
    first, update = list_blocks("sh")[0], next(each for each in list_blocks("sh") if "sudo git pull" in each)
    installs = [each for each in first if " install " in each or "deploy/install.sh" in each][1:]
    assert installs
    assert [each for each in update if each in installs] == installs


def test_every_command_setting_and_file_that_the_guide_names_exists() -> None:
    importlib.import_module("bot.__main__")  # adds the commands
    command = typer.main.get_command(app)
    code = re.findall(r"`([^`]+)`", GUIDE) + [line for block in list_blocks("sh") for line in block]
    named = {name for each in code for name in re.findall(r"(?:sudo|--rm|^|-T|\bpaperboy) paperboy ([a-z]+)", each)}
    assert {"init", "doctor", "restore"} <= named
    assert named <= {*getattr(command, "commands", {}), "paperboy"}
    settings = {str(field.validation_alias) for field in BotSettings.model_fields.values()}
    assert set(re.findall(r"\bPAPERBOY_[A-Z_]+", GUIDE)) <= settings
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", GUIDE):
        assert (DEPLOY / target).exists(), target
    for target in re.findall(r"\]\(#([^)]+)\)", GUIDE):
        headings = re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
        assert target in {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}, target
