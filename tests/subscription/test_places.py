"""What the bot knows of places and clocks: `cities.tsv`, which nobody reads line by line, and `timezones.toml`."""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.refusals import Refusal, Refused
from bot.subscription import timezones
from bot.subscription.timezones import (
    canonicalize_timezone,
    find_timezones,
    list_timezones,
    normalize_name,
    parse_timezone,
)


class TestFileOfPlaces:
    PLACES = tuple(timezones._search_localities("|"))

    def test_every_line_has_names_a_code_and_a_time_zone_that_is_offered(self) -> None:
        assert len(self.PLACES) > 10_000
        assert {place.timezone for place in self.PLACES} - {""} <= set(list_timezones())
        assert all(place.name and (place.code.isupper() or not place.code) for place in self.PLACES)
        assert [place.name for place in self.PLACES if not place.timezone and not place.is_region] == []

    def test_every_name_is_written_in_the_form_in_which_names_are_compared(self) -> None:
        names = [name for line in timezones._load_city_lines() for name in line.split("\t")[0].strip("|").split("|")]
        assert [name for name in names if normalize_name(name) != name or not name] == []

    def test_every_city_in_the_name_of_a_time_zone_is_known(self) -> None:
        cities = {name.rpartition("/")[2] for name in available_timezones() if name.startswith(("Europe/", "Asia/"))}
        for city in cities:
            assert parse_timezone(city).key in find_timezones(city)

    def test_every_country_is_understood_or_answered_with_cities(self) -> None:
        for region in (place for place in self.PLACES if place.is_region):
            if region.timezone and region.name not in ("georgia", "washington"):
                assert parse_timezone(region.name).key == find_timezones(region.name)[0] == region.timezone
            elif region.name != "washington":
                with pytest.raises(Refused, match=Refusal.TIMEZONE_AMBIGUOUS.name):
                    parse_timezone(region.name)

    def test_an_old_name_of_a_time_zone_means_the_new_one(self) -> None:
        assert canonicalize_timezone("Asia/Calcutta") == "Asia/Kolkata"
        assert {canonicalize_timezone(name) for name in list_timezones()} == set(list_timezones())

    def test_the_file_of_places_is_small(self) -> None:
        assert sum(len(line.encode()) + 1 for line in timezones._load_city_lines()) < 400_000


def test_every_meaning_of_an_abbreviation_is_a_time_zone_that_is_offered() -> None:
    assert set(timezones._load_clock_tables().clocks) <= set(list_timezones())
    assert set(timezones._load_clock_tables().offsets.values()) <= set(list_timezones())
    for offset, name in timezones._load_clock_tables().offsets.items():
        days = [datetime(2027, month, 1, tzinfo=ZoneInfo(name)) for month in (1, 7)]
        assert {f"{day:%z}" for day in days} == {offset.replace(":", "")}, name
