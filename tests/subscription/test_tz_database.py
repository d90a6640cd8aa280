"""Two databases of time zones: the newer one is used."""

import zoneinfo
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.subscription.timezones import use_newest_timezones


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Sets up the system's tz database, in which Nuuk is an hour behind UTC, with a file that tells its version."""
    before = zoneinfo.TZPATH

    def set_up(name: str = "", said: str = "") -> Path:
        folder = tmp_path / "zoneinfo"
        (folder / "America").mkdir(parents=True)
        timezone = resources.files("tzdata") / "zoneinfo" / "Etc" / "GMT+1"
        (folder / "America" / "Nuuk").write_bytes(timezone.read_bytes())
        if name:
            (folder / name).write_text(said, encoding="utf-8")
        zoneinfo.reset_tzpath([tmp_path / "missing", folder, *before])
        return folder

    yield set_up
    zoneinfo.reset_tzpath(before)


def hours_in_nuuk() -> float:
    """From UTC, in winter."""
    offset = ZoneInfo.no_cache("America/Nuuk").utcoffset(datetime(2026, 1, 15))  # noqa: DTZ001
    assert offset is not None
    return offset / timedelta(hours=1)


class TestDatabases:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("tzdata.zi", "# version 2022g\n# This zic input file is in the public domain.\n"),
            ("+VERSION", "2025b\n"),
            ("tzdata.zi", "# a version that nobody can read\n"),
            ("tzdata.zi", ""),
            ("", ""),
        ],
    )
    def test_a_database_of_the_system_that_is_old_or_of_unknown_age_is_not_used(
        self, system: Callable[..., Path], name: str, said: str
    ) -> None:
        system(name, said)
        assert hours_in_nuuk() == -1
        use_newest_timezones()
        assert hours_in_nuuk() == -2

    @pytest.mark.parametrize(("name", "said"), [("tzdata.zi", "# version 2999a\n"), ("+VERSION", "2999a\n")])
    def test_a_newer_database_of_the_system_is_used(self, system: Callable[..., Path], name: str, said: str) -> None:
        folder = system(name, said)
        use_newest_timezones()
        assert hours_in_nuuk() == -1
        assert list(zoneinfo.TZPATH) == [str(folder)]
        assert ZoneInfo.no_cache("Europe/Berlin"), "what the system lacks is the package's"
        use_newest_timezones()
        assert hours_in_nuuk() == -1

    def test_the_log_says_once_which_database_is_used(
        self, system: Callable[..., Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        folder = system("tzdata.zi", "# version 2999a\n")
        use_newest_timezones()
        assert caplog.messages == [f"time zones are those of 2999a, from {folder}"]

    def test_the_tests_use_the_database_of_the_package_or_a_newer_one(self) -> None:
        assert "/usr/lib/zoneinfo" not in zoneinfo.TZPATH
