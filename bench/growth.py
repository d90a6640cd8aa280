"""How much a subscription adds to the file in a simulated year, compared with the same year without packing."""

from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure
from bot.subscription.settings import DigestSettings
from tests.support.year import KINDS, Year

EACH = 4  # subscriptions of each kind


async def measure(folder: Path) -> list[Figure]:
    """The growth for each kind of subscription, without the archive, which all of them share."""
    figures = []
    for shrinking in (True, False):
        alone = await _kilobytes(folder / f"alone {shrinking}.db", (), shrinking=shrinking)
        figures.append(
            [
                (await _kilobytes(folder / f"{kind} {shrinking}.db", [settings] * EACH, shrinking=shrinking) - alone)
                / EACH
                for kind, settings in KINDS.items()
            ]
        )
    return [
        Figure(f"a year's growth, {kind}", shrunk, whole, "kB", "every detail is kept", "at most 60 kB")
        for kind, shrunk, whole in zip(KINDS, *figures, strict=True)
    ]


async def _kilobytes(path: Path, all_settings: Sequence[DigestSettings], *, shrinking: bool) -> float:
    year = Year(path, all_settings, shrinking=shrinking)
    await year.live()
    return year.kilobytes
