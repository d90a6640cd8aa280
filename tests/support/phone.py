"""How high a message is on a phone, estimated from its lines. The demo's page agrees within a tenth; devices differ."""

import math
import re
import textwrap
from typing import Any

from discord.ui import LayoutView

from tests.support.layouts import components_of
from tests.support.markdown import visible

SCREEN = 640  # CSS pixels of messages on a small phone, 360 wide; larger ones show 740
_AUTHOR, _FRAME = 26, 40  # the line over a message, and what surrounds a container
_HEIGHTS = {2: 60, 9: 8, 12: 125, 14: 17}  # of a button beside nothing, a gap, a picture, a line between parts
_ROW = 44
# How many characters fit beside the avatar, and how high a line is, with the room above it.
_KINDS = {"# ": (24, 26, 4), "### ": (26, 22, 12), "-# ": (33, 19, 0), "": (30, 22, 0)}


def estimate_height(view: LayoutView) -> int:
    """The CSS pixels that a message takes on a phone 360 of them wide."""
    return _AUTHOR + sum(map(_estimate_height, components_of(view)))


def estimate_height_of_papers(view: LayoutView) -> int:
    """The same down to the select of their details: people read that far, and the buttons below are for what's next."""
    parts = [part for each in components_of(view) for part in each.get("components", [each])]
    selects = [number for number, each in enumerate(parts) if each["type"] == 1 and each["components"][0]["type"] == 3]
    return _AUTHOR + _FRAME + sum(map(_estimate_height, parts[: selects[0] + 1]))


def _estimate_height(component: dict[str, Any]) -> int:
    match component["type"]:
        case 10:
            return sum(map(_estimate_line, component["content"].split("\n")))
        case 17:
            return _FRAME + sum(map(_estimate_height, component["components"]))
        case 9:
            return _ROW + sum(map(_estimate_height, component["components"]))
        case 1:
            return _estimate_row(component["components"])
        case kind:
            return _HEIGHTS[kind]


def _estimate_row(controls: list[dict[str, Any]]) -> int:
    """Buttons go on in the next line where they don't fit; a select has a line for itself."""
    widths = [sum((32, 8, 8 * len(each.get("label") or ""))) for each in controls]
    return _ROW * max(1, math.ceil(sum(widths) / 250))


def _estimate_line(line: str) -> int:
    sign = next(sign for sign in _KINDS if line.startswith(sign))
    width, height, above = _KINDS[sign]
    seen = re.sub(r"\*\*", "", visible(line.removeprefix(sign)))
    return above + height * max(1, len(textwrap.wrap(seen, width)))
