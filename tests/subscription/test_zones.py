"""What people type for a time zone, and which one they mean."""

import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo, available_timezones

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.layouts.refusals import explain_refusal
from bot.refusals import Refusal, Refused
from bot.subscription import timezones
from bot.subscription.timezones import (
    canonicalize_timezone,
    find_timezones,
    guess_timezone,
    list_timezones,
    normalize_name,
    parse_timezone,
    use_newest_timezones,
)


def parametrized(meant: dict[str, str]) -> pytest.MarkDecorator:
    """`{time zone: "typed | typed"}` as cases."""
    cases = [(typed.strip(), timezone) for timezone, forms in meant.items() for typed in forms.split("|")]
    return pytest.mark.parametrize(("typed", "timezone"), cases)


class TestOneSaysWhereOneLives:
    @parametrized(
        {
            "Europe/Berlin": "Europe/Berlin | europe/berlin | EUROPE/BERLIN | Europe / Berlin",
            "America/New_York": "America/New_York | america/new york | US/Eastern",
            "America/Port-au-Prince": "America/Port-au-Prince | america/port au prince",
            "America/Argentina/Buenos_Aires": "America/Argentina/Buenos_Aires | America/Buenos_Aires",
            "America/Argentina/Catamarca": "America/Argentina/ComodRivadavia",
            "Asia/Kolkata": "Asia/Kolkata | Asia/Calcutta",
            "Europe/Kyiv": "Europe/Kyiv | Europe/Kiev",
            "Europe/Istanbul": "Asia/Istanbul | Turkey",
            "Asia/Ho_Chi_Minh": "Asia/Saigon",
            "Asia/Shanghai": "PRC",
            "America/Los_Angeles": "US/Pacific | PST8PDT",
            "Europe/Amsterdam": "Europe/Amsterdam",
            "UTC": "UTC | utc | Etc/UTC | Etc/GMT | Zulu",
            "Etc/GMT-2": "Etc/GMT-2",
            "Etc/GMT+5": "etc/gmt+5",
        }
    )
    def test_by_the_name_of_the_zone_be_it_an_old_one(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/Berlin": "Berlin | berlin | BERLIN |  Berlin  | Hamburg | Frankfurt | Tübingen | Berlin time",
            "America/New_York": "New York | new_york | NYC | Boston | Brooklyn | Washington | Washington, D.C. | DC",
            "America/Los_Angeles": "Los Angeles | LA | San Francisco | SF | Palo Alto | Seattle | Vegas | San Jose",
            "America/Chicago": "Chicago | Austin | St. Louis | saint louis | Saint-Louis",
            "America/Toronto": "Toronto | Montreal | Montréal | Waterloo | Ottawa",
            "America/St_Johns": "St. John's | St John’s",  # noqa: RUF001
            "America/Puerto_Rico": "San Juan",
            "America/Mexico_City": "Mexico City | Guadalajara",
            "America/Port-au-Prince": "Port-au-Prince | port au prince",
            "America/Sao_Paulo": "São Paulo | Sao Paulo",
            "Europe/London": "London | Edinburgh | Birmingham",
            "Europe/Paris": "Paris | Lyon",
            "Europe/Zurich": "Zürich | Zurich | Geneva | Lausanne",
            "Europe/Rome": "Rome | Venice",
            "Europe/Moscow": "Moscow | Saint Petersburg | St Petersburg | St. Petersburg",
            "Europe/Warsaw": "Łódź | lodz",
            "Europe/Kyiv": "Kyiv | Odesa | Odessa",
            "Asia/Kolkata": "Kolkata | Mumbai | Hyderabad | Bengaluru",
            "Asia/Karachi": "Islamabad | Lahore",
            "Asia/Shanghai": "Beijing | Shenzhen | Xi'an | Xian",
            "Asia/Ho_Chi_Minh": "Hanoi | Hà Nội | Hồ Chí Minh | HCMC",
            "Asia/Dubai": "Abu Dhabi",
            "Australia/Sydney": "Sydney | Canberra",
            "Australia/Lord_Howe": "lord howe",
            "Pacific/Auckland": "Wellington | Auckland",
            "Africa/Johannesburg": "Cape Town | Pretoria",
            "Africa/Addis_Ababa": "Addis Ababa",
            "Antarctica/Troll": "Troll",
        }
    )
    def test_by_a_city_and_means_the_largest_so_named(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/Berlin": "München | Muenchen | Monaco di Baviera | Köln | Koeln | Cologne | Nürnberg",
            "Europe/Vienna": "Wien | Vienne | Viena",
            "Europe/Zurich": "Zurigo | Genf | Genève | Ginevra | Basel | Bâle",
            "Europe/Rome": "Roma | Rom | Milano | Mailand | Firenze | Florenz | Florence | Venezia | Venedig | Torino",
            "Europe/London": "Londres | Londra | Londen | Londyn | Lontoo",
            "Europe/Brussels": "Bruxelles | Brüssel | Antwerpen | Bruges | Brugge",
            "Europe/Amsterdam": "The Hague | Den Haag | La Haya",
            "Europe/Copenhagen": "København | Kopenhagen",
            "Europe/Stockholm": "Göteborg | Gothenburg",
            "Europe/Lisbon": "Lisboa | Lissabon",
            "Europe/Madrid": "Sevilla | Seville",
            "Europe/Prague": "Praha | Prag",
            "Europe/Warsaw": "Warszawa | Warschau | Varsovie | Kraków | Krakau | Danzig",
            "Europe/Bucharest": "București | Bukarest",
            "Europe/Belgrade": "Београд | Belgrad",
            "Europe/Sofia": "София",
            "Europe/Athens": "Αθήνα | Athen",
            "Europe/Kyiv": "Київ | Kiew | Kiev",
            "Europe/Moscow": "Москва | Moskau | Moscou | Санкт-Петербург",
            "Europe/Istanbul": "İstanbul | ISTANBUL | Constantinople | Estambul",
            "Asia/Jerusalem": "תל אביב",
            "Africa/Cairo": "القاهرة | El Cairo",
            "Asia/Kolkata": "Bombay | Calcutta | Madras | Bangalore | मुंबई",
            "Asia/Yangon": "Rangoon",
            "Asia/Ho_Chi_Minh": "Saigon",
            "Asia/Bangkok": "กรุงเทพ",
            "Asia/Shanghai": "Peking | Pékin | Pequim | 北京 | 上海",
            "Asia/Hong_Kong": "香港 | Hongkong",
            "Asia/Taipei": "台北 | 臺北",
            "Asia/Tokyo": "Tokio | 東京 | 东京 | 大阪 | Ｔｏｋｙｏ",  # noqa: RUF001
            "Asia/Seoul": "서울 | 부산 | Pusan",
            "America/New_York": "Nueva York | Nova York | New-York",
            "America/Mexico_City": "Ciudad de México | CDMX",
            "America/Havana": "La Habana | Havana",
            "Atlantic/Canary": "Tenerife | Gran Canaria | Canary Islands",
            "Asia/Makassar": "Bali",
        }
    )
    def test_by_a_city_as_it_is_called_in_another_language_or_was_called_once(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/London": "London, UK | London UK | london, england | London, United Kingdom | Cambridge, UK",
            "America/Toronto": "London, Ontario | London, ON | London Ontario Canada | Toronto, CA",
            "Asia/Tokyo": "Tokyo, Japan | Tokyo (Japan) | tokyo,jp | 東京, 日本",
            "America/Los_Angeles": "Portland, OR | Portland, Oregon, USA | Vancouver WA | Los Angeles, CA",
            "America/New_York": "portland, maine | Cambridge, MA | Athens, GA | Atlanta, Georgia | St. Petersburg, FL",
            "America/Denver": "El Paso, TX | Denver, CO",
            "America/Bogota": "Bogota, CO",
            "Europe/Berlin": "Berlin, DE | Berlin, Germany | München, Deutschland",
            "Europe/Paris": "Paris, France | Paris France",
            "Europe/Madrid": "Valencia, Spain",
            "America/Costa_Rica": "San Jose, Costa Rica",
            "Australia/Perth": "Perth, WA",
            "America/Vancouver": "Vancouver, BC",
            "Asia/Tbilisi": "Tbilisi, Georgia",
            "Asia/Karachi": "Hyderabad, Pakistan",
        }
    )
    def test_by_a_city_and_where_it_is(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/Berlin": "Bad Homburg, Germany | Kleinkleckersdorf, Deutschland",
            "America/Chicago": "Paris, Texas | Smallville, Kansas | Smallville, KS",
            "America/Los_Angeles": "Menlo Park, CA",  # rather than Canada, which would be no answer
            "America/New_York": "Princeton, NJ",
        }
    )
    def test_by_a_town_too_small_to_know_in_a_country_that_has_one_clock(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/Berlin": "Germany | Deutschland | Allemagne | DE | deu",
            "Atlantic/Reykjavik": "Iceland",
            "Europe/London": "UK | U.K. | Great Britain | England | Scotland | GB",
            "Europe/Madrid": "Spain | España",
            "Europe/Lisbon": "Portugal",
            "Europe/Zurich": "Switzerland | Schweiz | Suisse",
            "Europe/Amsterdam": "Netherlands | The Netherlands | Holland",
            "Europe/Istanbul": "Türkiye | Turkey",
            "Asia/Tokyo": "Japan | 日本 | JP",
            "Asia/Shanghai": "China | 中国 | cn",
            "Asia/Seoul": "South Korea | Korea | 한국",
            "Asia/Kolkata": "India | IN | भारत",
            "Asia/Singapore": "Singapore",
            "Asia/Dubai": "UAE | United Arab Emirates",
            "Asia/Jakarta": "Indonesia",
            "America/Sao_Paulo": "Brazil | Brasil",
            "America/Mexico_City": "Mexico | México",
            "America/Argentina/Buenos_Aires": "Argentina",
            "Pacific/Auckland": "New Zealand | NZ",
            "America/Los_Angeles": "California | California, USA | Washington State",
            "America/Chicago": "Texas | TX | Illinois",
            "America/New_York": "Florida | NY | Georgia, USA | ga usa",
            "America/Toronto": "Ontario | Ontario, Canada",
            "Australia/Brisbane": "Queensland",
            "Pacific/Honolulu": "Hawaii",
        }
    )
    def test_by_a_country_or_state_where_nearly_all_have_one_clock(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @pytest.mark.parametrize(
        ("typed", "cities"),
        [
            ("USA", "`New York City` or `Los Angeles`"),
            ("us", "`New York City` or `Los Angeles`"),
            ("United States of America", "`New York City` or `Los Angeles`"),
            ("America", "`New York City` or `Los Angeles`"),
            ("Canada", "`Toronto` or `Calgary`"),
            ("CA", "`Toronto` or `Calgary`"),
            ("Australia", "`Sydney` or `Melbourne`"),
            ("Russia", "`Moscow` or `Novosibirsk`"),
            ("Россия", "`Moscow` or `Novosibirsk`"),
            ("Nowhere, USA", "`New York City` or `Los Angeles`"),
            ("Tennessee", "`Nashville` or `Knoxville`"),
            ("Georgia", "`Tbilisi` or `Atlanta`"),  # the country or the state
            ("WA", "`Perth` or `Seattle`"),
        ],
    )
    def test_and_is_asked_for_a_city_where_that_is_not_enough(self, typed: str, cities: str) -> None:
        with pytest.raises(Refused, match=Refusal.TIMEZONE_AMBIGUOUS.name) as refused:
            parse_timezone(typed)
        assert explain_refusal(refused.value) == f"That place has several time zones. Type a city, such as {cities}."


class TestOneSaysWhatTheClockIsCalled:
    @parametrized(
        {
            "America/New_York": "EST | EDT | est | ET | Eastern | Eastern Time | Eastern Standard Time | US Eastern",
            "America/Los_Angeles": "PST | PDT | PT | Pacific | Pacific Time | Pacific Time (US & Canada) | P.S.T.",
            "America/Chicago": "CST | CDT | CT | Central | Central Daylight Time",
            "America/Denver": "MST | MT | Mountain | Mountain Time",
            "Europe/London": "GMT | BST | British Summer Time | UK time | Greenwich Mean Time",
            "Europe/Berlin": "CET | CEST | Central European Time | Central European Summer Time | MEZ",
            "Europe/Helsinki": "EET | EEST",
            "Europe/Lisbon": "WET",
            "Europe/Moscow": "MSK | Moscow Standard Time",
            "Asia/Kolkata": "IST | India Standard Time | Indian Standard Time",
            "Asia/Tokyo": "JST | Japan Standard Time | Tokyo timezone",
            "Asia/Seoul": "KST",
            "Asia/Singapore": "SGT",
            "Asia/Hong_Kong": "HKT",
            "Asia/Dubai": "GST | Gulf Standard Time",
            "Australia/Sydney": "AEST | AEDT | AET | Australian Eastern Time",
            "Australia/Perth": "AWST",
            "Pacific/Auckland": "NZST | NZDT",
            "America/Sao_Paulo": "BRT",
            "Africa/Lagos": "WAT",
            "Africa/Nairobi": "EAT",
            "Africa/Johannesburg": "SAST",
            "UTC": "UTC | Z | Coordinated Universal Time | UTC time",
        }
    )
    def test_and_means_that_clock_in_summer_and_in_winter(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Etc/GMT-2": "UTC+2 | utc + 2 | GMT+2 | +2 | +02:00 | UTC+02:00 | +0200 | UTC +2 | ＋２",  # noqa: RUF001
            "Etc/GMT+3": "-3 | UTC-3 | UTC−3 | gmt -03:00",
            "Etc/GMT+8": "UTC-8",
            "Etc/GMT-14": "+14 | UTC+14:00",
            "Etc/GMT+12": "-12",
            "UTC": "UTC+0 | +00:00 | GMT-0 | UTC-00:00",
            "Asia/Kolkata": "GMT+5:30 | +05:30 | +0530 | UTC+530",
            "Asia/Kathmandu": "+5:45",
            "Asia/Tehran": "UTC+3:30",
            "Asia/Kabul": "+4:30",
            "Asia/Yangon": "+6:30",
            "Australia/Darwin": "UTC+9:30",
            "Australia/Eucla": "+8:45",
            "Pacific/Marquesas": "-9:30",
        }
    )
    def test_or_how_far_it_is_from_utc(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @pytest.mark.parametrize(
        ("typed", "offset"), [("UTC+2", "+0200"), ("-3", "-0300"), ("+5:45", "+0545"), ("+14", "+1400")]
    )
    def test_an_offset_is_the_same_in_january_and_in_july(self, typed: str, offset: str) -> None:
        days = [datetime(2027, month, 1, tzinfo=parse_timezone(typed)) for month in (1, 7)]
        assert [f"{day:%z}" for day in days] == [offset, offset]


class TestNobodyKnowsThatPlace:
    @pytest.mark.parametrize(
        "text",
        [
            *["", " ", ",", "/", "|", "Nirgendwo", "here", "local", "my time", "my timezone", "time", "nowhere"],
            *["Europe", "Europe/", "/Berlin", "Asia", "EU", "London/Berlin", "Berlin, Narnia", "London, Berlin"],
            *["../../etc/passwd", "/etc/localtime", "localtime", "Factory", "Europe\\Berlin", "🌍", "?", "%", "*"],
            *["2", "+15", "-13", "UTC2", "UTC+", "+", "+3:15", "-3:30", "+10:30", "+12:45", "+2:60", "UTC+2h", "++2"],
            *["9am", "Berl", "=DE|", "\t=DE", "DE\tEurope/Berlin", "Springfield or Shelbyville"],
        ],
    )
    def test_and_is_told_what_a_zone_looks_like(self, text: str) -> None:
        with pytest.raises(Refused, match=Refusal.TIMEZONE_UNKNOWN.name):
            parse_timezone(text)

    @pytest.mark.parametrize(
        "text", ["Europe/Berlin\x00", "x" * 5000, "usa " * 1500, "," * 6000, "a " * 40, "+" * 6000, "a " * 3000]
    )
    def test_nor_does_it_take_long_to_say_so(self, text: str) -> None:
        begun = process_time()  # whatever else this machine has to do
        with pytest.raises(Refused, match=Refusal.TIMEZONE_UNKNOWN.name):
            parse_timezone(text)
        assert find_timezones(text) == [] or text.startswith(",")
        assert process_time() - begun < 1

    @given(st.text(max_size=40) | st.text("utcgmberlin, +-:/|0123456789()", max_size=20))
    @example("ß" * 100)
    def test_any_text_gives_a_zone_that_exists_or_a_value_error(self, text: str) -> None:
        with suppress(Refused):
            assert parse_timezone(text).key in available_timezones()


class TestZonesAreOfferedWhileOneTypes:
    def test_typing_a_city_offers_its_zone_first(self) -> None:
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
    def test_the_largest_city_that_begins_so_comes_first(self, typed: str, timezone: str) -> None:
        assert find_timezones(typed)[0] == timezone

    def test_the_other_cities_of_a_name_follow_for_who_did_not_mean_the_largest(self) -> None:
        assert find_timezones("London")[:2] == ["Europe/London", "America/Toronto"]
        assert find_timezones("Birmingham") == ["Europe/London", "America/Chicago"]
        assert find_timezones("San Jose")[:2] == ["America/Los_Angeles", "America/Costa_Rica"]

    def test_the_other_meanings_of_letters_follow_too(self) -> None:
        assert find_timezones("IST")[:4] == ["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem", "Europe/Istanbul"]
        assert find_timezones("BST")[:2] == ["Europe/London", "Asia/Dhaka"]
        assert find_timezones("LA")[:2] == ["America/Los_Angeles", "Asia/Vientiane"]
        assert find_timezones("washington")[:2] == ["America/New_York", "America/Los_Angeles"]

    def test_a_country_offers_all_its_zones(self) -> None:
        assert {"America/New_York", "America/Chicago", "Pacific/Honolulu", "America/Adak"} <= set(find_timezones("USA"))
        assert find_timezones("Spain")[:3] == ["Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"]

    def test_an_offset_offers_itself_alone(self) -> None:
        assert find_timezones("-3") == ["Etc/GMT+3"]
        assert find_timezones("+3:15") == []

    def test_a_part_of_a_zones_name_will_do(self) -> None:
        assert find_timezones("howe") == ["Australia/Lord_Howe"]
        assert set(find_timezones("Antarctica/")) == {
            name for name in list_timezones() if name.startswith("Antarctica/")
        }

    def test_nothing_typed_offers_every_zone_once_under_its_one_name(self) -> None:
        offered = find_timezones("")
        assert sorted(offered) == list(list_timezones())
        assert offered[0] == "Asia/Shanghai"
        assert not {"Asia/Calcutta", "US/Pacific", "EST", "Europe/Kiev", "Europe/Belfast"} & set(offered)

    def test_every_zone_offered_is_understood(self) -> None:
        assert [parse_timezone(name).key for name in list_timezones()] == list(list_timezones())
        assert len(list_timezones()) > 400

    @given(st.text(max_size=30))
    @example("usa")
    def test_any_text_offers_zones_that_exist_and_none_twice(self, typed: str) -> None:
        offered = find_timezones(typed)
        assert set(offered) <= available_timezones()
        assert len(offered) == len(set(offered))

    @given(st.sampled_from(["London", "Portland, OR", "IST", "Germany", "UTC+2", "san", "Georgia, USA", "x, Japan"]))
    def test_what_would_be_taken_is_offered_first(self, typed: str) -> None:
        assert find_timezones(typed)[0] == parse_timezone(typed).key


class TestDiscordSpeaksTheirLanguage:
    @pytest.mark.parametrize("locale", [each.value for each in discord.Locale])
    def test_so_a_zone_is_guessed_that_exists(self, locale: str) -> None:
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
    def test_the_one_where_most_speak_it(self, typed: str, timezone: str) -> None:
        assert guess_timezone(typed) == timezone

    def test_of_an_unknown_language_nothing_is_guessed(self) -> None:
        assert guess_timezone("tlh") is guess_timezone("") is None


class TestTheFileOfPlaces:
    """`bot/subscription/cities.tsv`, which nobody reads line by line."""

    PLACES = tuple(timezones._search_localities("|"))

    def test_every_line_has_names_a_code_and_a_zone_that_is_offered(self) -> None:
        assert len(self.PLACES) > 10_000
        assert {place.timezone for place in self.PLACES} - {""} <= set(list_timezones())
        assert all(place.name and (place.code.isupper() or not place.code) for place in self.PLACES)
        assert [place.name for place in self.PLACES if not place.timezone and not place.is_region] == []

    def test_every_name_is_folded_as_what_is_typed_will_be(self) -> None:
        names = [name for line in timezones._load_lines() for name in line.split("\t")[0].strip("|").split("|")]
        assert [name for name in names if normalize_name(name) != name or not name] == []

    def test_every_city_of_a_zones_name_new_or_old_is_in_it(self) -> None:
        cities = {name.rpartition("/")[2] for name in available_timezones() if name.startswith(("Europe/", "Asia/"))}
        for city in cities:
            assert parse_timezone(city).key in find_timezones(city)

    def test_every_country_is_understood_or_asked_about(self) -> None:
        for region in (place for place in self.PLACES if place.is_region):
            if region.timezone and region.name not in ("georgia", "washington"):
                assert parse_timezone(region.name).key == find_timezones(region.name)[0] == region.timezone
            elif region.name != "washington":
                with pytest.raises(Refused, match=Refusal.TIMEZONE_AMBIGUOUS.name):
                    parse_timezone(region.name)

    def test_an_old_name_of_a_zone_stands_for_the_new_one(self) -> None:
        assert canonicalize_timezone("Asia/Calcutta") == "Asia/Kolkata"
        assert {canonicalize_timezone(name) for name in list_timezones()} == set(list_timezones())

    def test_the_file_is_small(self) -> None:
        assert sum(len(line.encode()) + 1 for line in timezones._load_lines()) < 400_000


def test_every_meaning_of_an_abbreviation_is_a_zone_that_is_offered() -> None:
    assert set(timezones._load_clock_tables().clocks) <= set(list_timezones())
    assert set(timezones._load_clock_tables().offsets.values()) <= set(list_timezones())
    for offset, name in timezones._load_clock_tables().offsets.items():
        days = [datetime(2027, month, 1, tzinfo=ZoneInfo(name)) for month in (1, 7)]
        assert {f"{day:%z}" for day in days} == {offset.replace(":", "")}, name


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Sets up a system's tz database, in which Nuuk is an hour behind UTC, and which says so much of its version."""
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


class TestTwoDatabasesOfTimeZones:
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
    def test_an_old_one_or_one_of_unknown_age_on_the_system_gives_way_to_the_packages(
        self, system: Callable[..., Path], name: str, said: str
    ) -> None:
        system(name, said)
        assert hours_in_nuuk() == -1
        use_newest_timezones()
        assert hours_in_nuuk() == -2

    @pytest.mark.parametrize(("name", "said"), [("tzdata.zi", "# version 2999a\n"), ("+VERSION", "2999a\n")])
    def test_a_newer_one_on_the_system_is_used(self, system: Callable[..., Path], name: str, said: str) -> None:
        folder = system(name, said)
        use_newest_timezones()
        assert hours_in_nuuk() == -1
        assert list(zoneinfo.TZPATH) == [str(folder)]
        assert ZoneInfo.no_cache("Europe/Berlin"), "what the system lacks is the package's"
        use_newest_timezones()
        assert hours_in_nuuk() == -1

    def test_the_log_says_once_which_it_is(self, system: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        folder = system("tzdata.zi", "# version 2999a\n")
        use_newest_timezones()
        assert caplog.messages == [f"time zones are those of 2999a, from {folder}"]

    def test_the_tests_use_the_packages_or_a_newer_one(self) -> None:
        assert "/usr/lib/zoneinfo" not in zoneinfo.TZPATH
