"""Time zones as people type them: a city, a country, a clock or an offset."""

from contextlib import suppress
from datetime import datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.layouts.refusals import explain_refusal
from bot.refusals import Refusal, Refused
from bot.subscription import timezones
from bot.subscription.timezones import find_timezones, parse_timezone
from tests.support.counting import count_calls
from tests.support.time_zones import parametrized


class TestPlaces:
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
    def test_a_time_zone_is_found_by_its_name_even_an_old_one(self, typed: str, timezone: str) -> None:
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
    def test_a_city_means_the_largest_of_that_name(self, typed: str, timezone: str) -> None:
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
    def test_a_city_may_have_its_name_in_another_language_or_an_old_name(self, typed: str, timezone: str) -> None:
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
    def test_a_city_may_be_followed_by_its_state_or_country(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @parametrized(
        {
            "Europe/Berlin": "Bad Homburg, Germany | Kleinkleckersdorf, Deutschland",
            "America/Chicago": "Paris, Texas | Smallville, Kansas | Smallville, KS",
            "America/Los_Angeles": "Menlo Park, CA",  # rather than Canada, which would be no answer
            "America/New_York": "Princeton, NJ",
        }
    )
    def test_an_unknown_town_has_the_time_of_the_country_after_the_comma(self, typed: str, timezone: str) -> None:
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
    def test_a_country_or_state_with_mostly_one_time_zone_is_enough(self, typed: str, timezone: str) -> None:
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
    def test_a_country_with_several_time_zones_is_answered_with_cities_to_choose_from(
        self, typed: str, cities: str
    ) -> None:
        with pytest.raises(Refused, match=Refusal.TIMEZONE_AMBIGUOUS.name) as refused:
            parse_timezone(typed)
        assert explain_refusal(refused.value) == f"That place has several time zones. Type a city, such as {cities}."


class TestClocks:
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
    def test_the_name_of_a_clock_means_its_time_zone_all_year(self, typed: str, timezone: str) -> None:
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
    def test_an_offset_from_utc_is_understood(self, typed: str, timezone: str) -> None:
        assert parse_timezone(typed).key == timezone

    @pytest.mark.parametrize(
        ("typed", "offset"), [("UTC+2", "+0200"), ("-3", "-0300"), ("+5:45", "+0545"), ("+14", "+1400")]
    )
    def test_an_offset_is_the_same_in_january_and_in_july(self, typed: str, offset: str) -> None:
        days = [datetime(2027, month, 1, tzinfo=parse_timezone(typed)) for month in (1, 7)]
        assert [f"{day:%z}" for day in days] == [offset, offset]


class TestUnknownPlaces:
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
    def test_an_unknown_place_is_refused(self, text: str) -> None:
        with pytest.raises(Refused, match=Refusal.TIMEZONE_UNKNOWN.name):
            parse_timezone(text)

    @pytest.mark.parametrize(
        "text", ["Europe/Berlin\x00", "x" * 5000, "usa " * 1500, "," * 6000, "a " * 40, "+" * 6000, "a " * 3000]
    )
    def test_any_length_of_text_takes_only_a_few_searches_among_the_places(self, text: str) -> None:
        with count_calls() as calls:
            with pytest.raises(Refused, match=Refusal.TIMEZONE_UNKNOWN.name):
                parse_timezone(text)
            assert find_timezones(text) == [] or text.startswith(",")
        assert calls[timezones._search_localities.__qualname__] <= 30
        assert calls.total() <= 200_000  # as many as all the time zones take, which are offered before the comma

    @given(st.text(max_size=40) | st.text("utcgmberlin, +-:/|0123456789()", max_size=20))
    @example("ß" * 100)
    def test_any_text_gives_an_existing_time_zone_or_a_refusal(self, text: str) -> None:
        with suppress(Refused):
            assert parse_timezone(text).key in available_timezones()
