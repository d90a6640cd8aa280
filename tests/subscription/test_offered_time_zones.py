"""Time zones that are offered while somebody types, or guessed from the language of their Discord."""

from zoneinfo import available_timezones

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.subscription.timezones import (
    Place,
    find_meant_places,
    find_timezones,
    guess_timezone,
    list_timezones,
    list_timezones_of_language,
    parse_timezone,
)
from tests.support.time_zones import parametrized


class TestOffers:
    def test_typing_a_city_offers_its_time_zone_first(self) -> None:
        assert find_timezones("berl")[0] == "Europe/Berlin"
        assert find_timezones("new y")[0] == "America/New_York"
        assert find_timezones("europe/b")[0] == "Europe/Berlin"
        assert find_timezones("kolk") == ["Asia/Kolkata"]
        assert find_timezones("nirgendwo") == []

    @parametrized(
        {
            "Europe/Berlin": "mün | munch | Munich | Frankfurt a | germ | ber",
            "Europe/London": "lon | lond | London, | london, u",
            "Europe/Paris": "par | pari",
            "Asia/Tokyo": "tok | toky | 東 | jap",
            "Europe/Stockholm": "stockh",
            "America/Los_Angeles": "los a | san fr | pacif",
            "Asia/Kolkata": "mum | bomb | ind",
            "Europe/Istanbul": "ista",
            "America/New_York": "usa | united sta | east",
            "America/Toronto": "cana",
            "Europe/Madrid": "mad",  # and Madras only after it
            "Asia/Singapore": "sing",
            "America/Chicago": "hou",
            "America/Phoenix": "pho",
        }
    )
    def test_the_largest_city_that_begins_with_the_letters_comes_first(self, typed: str, timezone: str) -> None:
        assert find_timezones(typed)[0] == timezone

    def test_smaller_cities_of_the_same_name_follow(self) -> None:
        assert find_timezones("London")[:2] == ["Europe/London", "America/Toronto"]
        assert find_timezones("Birmingham") == ["Europe/London", "America/Chicago"]
        assert find_timezones("San Jose")[:2] == ["America/Los_Angeles", "America/Costa_Rica"]

    def test_other_meanings_of_an_abbreviation_follow(self) -> None:
        assert find_timezones("IST")[:4] == ["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem", "Europe/Istanbul"]
        assert find_timezones("BST")[:2] == ["Europe/London", "Asia/Dhaka"]
        assert find_timezones("LA")[:2] == ["America/Los_Angeles", "Asia/Vientiane"]
        assert find_timezones("washington")[:2] == ["America/New_York", "America/Los_Angeles"]

    def test_a_country_offers_all_its_time_zones(self) -> None:
        assert {"America/New_York", "America/Chicago", "Pacific/Honolulu", "America/Adak"} <= set(find_timezones("USA"))
        assert find_timezones("Spain")[:3] == ["Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"]

    def test_an_offset_offers_only_itself(self) -> None:
        assert find_timezones("-3") == ["Etc/GMT+3"]
        assert find_timezones("+3:15") == []

    def test_a_part_of_the_name_of_a_time_zone_is_enough(self) -> None:
        assert find_timezones("howe") == ["Australia/Lord_Howe"]
        assert set(find_timezones("Antarctica/")) == {
            name for name in list_timezones() if name.startswith("Antarctica/")
        }

    def test_nothing_typed_offers_every_time_zone_once(self) -> None:
        offered = find_timezones("")
        assert sorted(offered) == list(list_timezones())
        assert offered[0] == "Asia/Shanghai"
        assert not {"Asia/Calcutta", "US/Pacific", "EST", "Europe/Kiev", "Europe/Belfast"} & set(offered)

    def test_every_offered_time_zone_is_understood(self) -> None:
        assert [parse_timezone(name).key for name in list_timezones()] == list(list_timezones())
        assert len(list_timezones()) > 400

    @given(st.text(max_size=30))
    @example("usa")
    def test_any_text_offers_existing_time_zones_and_none_twice(self, typed: str) -> None:
        offered = find_timezones(typed)
        assert set(offered) <= available_timezones()
        assert len(offered) == len(set(offered))

    @given(st.sampled_from(["London", "Portland, OR", "IST", "Germany", "UTC+2", "san", "Georgia, USA", "x, Japan"]))
    def test_the_time_zone_that_a_text_means_is_offered_first(self, typed: str) -> None:
        assert find_timezones(typed)[0] == parse_timezone(typed).key


class TestGuesses:
    @pytest.mark.parametrize("locale", [each.value for each in discord.Locale])
    def test_for_every_language_an_existing_time_zone_is_guessed_or_none(self, locale: str) -> None:
        guess = guess_timezone(locale)
        assert guess is None or guess in list_timezones()

    @parametrized(
        {
            "America/New_York": "en-US",
            "Europe/London": "en-GB",
            "Europe/Madrid": "es-ES",
            "America/Mexico_City": "es-419",
            "America/Sao_Paulo": "pt-BR",
            "Asia/Shanghai": "zh-CN",
            "Asia/Taipei": "zh-TW",
            "Asia/Tokyo": "ja",
            "Europe/Berlin": "de",
            "Asia/Ho_Chi_Minh": "vi",
        }
    )
    def test_the_time_zone_is_guessed_where_most_people_speak_the_language(self, typed: str, timezone: str) -> None:
        assert guess_timezone(typed) == timezone

    def test_for_an_unknown_language_no_time_zone_is_guessed(self) -> None:
        assert guess_timezone("tlh") is guess_timezone("") is None


class TestTimeZonesOfALanguage:
    def test_the_likeliest_country_comes_first_and_no_country_takes_all_the_room(self) -> None:
        offered = list_timezones_of_language("en-US", 2026)
        assert offered[:3] == ("America/New_York", "America/Los_Angeles", "America/Chicago")
        assert {"Europe/London", "Asia/Kolkata", "America/Toronto", "Australia/Sydney", "Pacific/Auckland"} < set(
            offered
        )
        assert len(offered) <= 20

    def test_time_zones_with_the_same_clock_in_one_country_are_offered_once(self) -> None:
        assert "America/Detroit" not in list_timezones_of_language("en-US", 2026)
        assert list_timezones_of_language("ja", 2026) == ("Asia/Tokyo",)

    def test_an_unknown_language_has_none(self) -> None:
        assert list_timezones_of_language("xx", 2026) == ()


class TestMisspelledPlaces:
    @pytest.mark.parametrize(
        ("typed", "place"),
        [
            ("Germny", Place("Germany", "Europe/Berlin")),
            ("Frnace", Place("France", "Europe/Paris")),
            ("new yrok", Place("New York", "America/New_York")),
            ("europe/berln", Place("Berlin", "Europe/Berlin")),
            ("Germny, please", Place("Germany", "Europe/Berlin")),
        ],
    )
    def test_the_place_that_is_spelled_most_alike_comes_first(self, typed: str, place: Place) -> None:
        assert find_meant_places(typed)[0] == place

    @pytest.mark.parametrize("typed", ["", " ", "abc", "Mordor", "x" * 5000, "%", "🌍"])
    def test_what_is_like_no_place_has_none(self, typed: str) -> None:
        assert find_meant_places(typed) == []

    def test_a_country_with_several_time_zones_names_them_all(self) -> None:
        assert Place("Sydney", "Australia/Sydney") in find_meant_places("Austrlia")
