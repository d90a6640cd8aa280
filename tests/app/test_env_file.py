"""The file of settings: one line changes, the others stay, only its owner reads it, and it is never lost."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.env_file import (
    EnvFileProblem,
    EnvFileUnusable,
    find_unreadable_lines,
    parse_values,
    read_env_file,
    set_value,
    write_env_file,
)
from tests.support.paths import ROOT

OLD = "# mine\nDISCORD_TOKEN=old\n\nexport HF_TOKEN='hf_a'\nPAPERBOY_BACKUPS=3\n"
PIECES = ["A=1", "DISCORD_TOKEN=old", "export DISCORD_TOKEN = 'old' # why", "# a remark", "", "  ", "B='two\nlines'"]
PIECES += ["nonsense", "=", "A='open", "DISCORD_TOKEN", "discord_token=old", "\tC=x # y", 'D="é"', "\ufeff", "E"]


@given(pieces=st.lists(st.sampled_from(PIECES)), ending=st.sampled_from(["\n", "\r\n"]), is_ended=st.booleans())
def test_setting_a_value_leaves_all_others_and_is_read_back(pieces: list[str], ending: str, is_ended: bool) -> None:
    text = ending.join(pieces) + (ending if is_ended else "")
    changed = set_value(text, "DISCORD_TOKEN", "new.to-ken_")
    assert parse_values(changed) == {**parse_values(text), "DISCORD_TOKEN": "new.to-ken_"}
    assert changed.count("new.to-ken_") == 1
    assert set_value(changed, "DISCORD_TOKEN", "new.to-ken_") == changed
    remarks = [each for each in text.splitlines() if each.startswith("#")]
    assert [each for each in changed.splitlines() if each.startswith("#")] == remarks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "T=x\n"),
        ("A=1", "A=1\nT=x\n"),
        ("A=1\r\nT=old\r\nB=2\r\n", "A=1\r\nT=x\r\nB=2\r\n"),
        ("A=1\n\n  export T = 'old' # why\nT=again\nB=2", "A=1\n\n  export T=x\nB=2"),
        ("# T=old\n", "# T=old\nT=x\n"),
    ],
)
def test_only_the_line_of_a_setting_changes(text: str, expected: str) -> None:
    changed = set_value(text, "T", "x")
    assert changed.removesuffix("\n") == expected.removesuffix("\n")


@pytest.mark.parametrize("value", ["a'b\\c", "a b#c", "x$y", "#a", '"', "=", "ü", "a\tb"])
def test_a_value_of_any_letters_is_read_back(value: str) -> None:
    assert parse_values(set_value("", "T", value)) == {"T": value}


def test_lines_that_set_nothing_are_found_by_their_numbers() -> None:
    assert find_unreadable_lines("A=1\nnonsense\n\n# remark\n=\nB=\nC='x\ny'\n D='open\n") == [2, 5, 9]


class TestWriting:
    def test_only_the_owner_may_read_it_from_the_first_moment_on(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_text("A=1\n")
        path.chmod(0o644)
        write_env_file(path, "A=2\n")
        assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (0o600, "A=2\n")
        assert [*tmp_path.iterdir()] == [path]

    def test_a_link_stays_a_link_and_a_broken_one_gets_its_file(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        link = tmp_path / ".env"
        link.symlink_to(tmp_path / "real" / "settings")
        for text in ("A=1\n", "A=2\n"):
            write_env_file(link, text)
            assert link.is_symlink()
            assert (tmp_path / "real" / "settings").read_text() == text

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody")
    def test_the_file_keeps_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_text("A=1\n")
        os.chown(path, 1234, 4321)
        write_env_file(path, "A=2\n")
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)

    def test_what_cannot_be_written_says_why_and_leaves_nothing_behind(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        circle = tmp_path / "circle"
        circle.symlink_to(circle)
        for path, problem in (
            (tmp_path / "folder", EnvFileProblem.IS_FOLDER),
            (tmp_path / "nowhere" / ".env", EnvFileProblem.NO_FOLDER),
            (circle, EnvFileProblem.UNREADABLE),
        ):
            with pytest.raises(EnvFileUnusable) as refused:
                write_env_file(path, "A=1\n")
            assert refused.value.problem is problem
        assert {each.name for each in tmp_path.iterdir()} == {"folder", "circle"}


def test_a_folder_is_refused_and_a_device_is_read(tmp_path: Path) -> None:
    with pytest.raises(EnvFileUnusable) as refused:
        read_env_file(tmp_path)
    assert refused.value.problem is EnvFileProblem.IS_FOLDER
    assert read_env_file(Path("/dev/null")) == ""


_KILLED_AT_EACH_LINE = """
import os, signal, sys
from pathlib import Path
from bot import env_file

path, old, new = Path(sys.argv[1]), *sys.argv[2:]

def kill_at(number):
    left = number
    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != env_file.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

number, ended = 0, False
while not ended:
    number += 1
    path.write_text(old)
    child = os.fork()
    if child == 0:
        sys.settrace(kill_at(number))
        env_file.write_env_file(path, new)
        os._exit(0)
    ended = os.waitpid(child, 0)[1] == 0
    assert path.read_text() in {old, new}, number
    assert not ended or path.read_text() == new
    for each in path.parent.iterdir():
        assert each == path or each.stat().st_mode & 0o777 == 0o600, each
    if number % 5 == 0 or ended:
        env_file.write_env_file(path, new)
        assert [*path.parent.iterdir()] == [path]
print(number)
"""


def test_killed_between_any_two_lines_there_is_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    words = (sys.executable, "-c", _KILLED_AT_EACH_LINE, str(tmp_path / ".env"), OLD, set_value(OLD, "HF_TOKEN", "b"))
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 20
