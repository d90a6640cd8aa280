"""Writes the countries of each language of Discord into `bot/subscription/timezones.toml`.

Run it with `python -m tests.support.languages territoryInfo.json`; that file is in the npm package `cldr-core` (Unicode
CLDR, Unicode License v3). A language has the country of its time zone first, then those where it is official, by the
share of the country's economy that speaks it, which is nearest to how many people use Discord there.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from bot.subscription.timezones import read_tz_file
from tests.support.paths import ROOT

TABLE = ROOT / "bot" / "subscription" / "timezones.toml"
HEADING = (
    "# The countries where people use each of these languages, as CLDR has them. See `tests/support/languages.py`.\n"
)
OFFICIAL = {"official", "de_facto_official"}
IN_CLDR = {"no": "nb", "zh-CN": "zh", "zh-TW": "zh_Hant"}
MOST = 12


def list_countries(language: str, territories: dict[str, Any]) -> list[str]:
    shares = {}
    for code, territory in territories.items():
        known = territory.get("languagePopulation", {}).get(language, {})
        if known.get("_officialStatus") in OFFICIAL:
            shares[code] = float(territory["_gdp"]) * float(known["_populationPercent"])
    return sorted(shares, key=lambda code: -shares[code])


def main() -> None:
    territories = json.loads(Path(sys.argv[1]).read_text())["supplemental"]["territoryInfo"]
    text = TABLE.read_text().partition(HEADING)[0].rstrip("\n")
    rows = (line.split("\t") for line in read_tz_file("zone.tab") if not line.startswith("#"))
    homes = {timezone: country for country, _, timezone, *_ in rows}
    lines = []
    for locale, timezone in tomllib.loads(text)["locales"].items():
        spoken = list_countries(IN_CLDR.get(locale, locale.partition("-")[0]), territories)
        countries = dict.fromkeys([homes[timezone], *spoken])
        lines.append(f'"{locale}" = "{" ".join([*countries][:MOST])}"\n')
    TABLE.write_text(f"{text}\n\n{HEADING}[countries]\n{''.join(lines)}")


if __name__ == "__main__":
    main()
