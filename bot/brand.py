"""The brand: how the bot presents itself on Discord, and what of it an application still lacks.

Discord calls each picture that it is sent by a hash of its own. So a picture is known to be ours by what we gave, and
by what Discord called it then.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files


class Part(StrEnum):
    """A part of the brand. The last one is no part of the application: the bot shows it while it is connected."""

    NAME = "name"
    AVATAR = "avatar"
    BANNER = "banner"
    ICON = "icon"
    DESCRIPTION = "description"
    TAGS = "tags"
    STATUS = "status"


PICTURES: Mapping[Part, str] = {Part.AVATAR: "avatar.png", Part.BANNER: "banner.png", Part.ICON: "avatar.png"}

Look = Mapping[Part, str | None]  # how an application is now: its texts, and Discord's hashes of its pictures


@dataclass(frozen=True, slots=True)
class GivenPart:
    """What we gave for a part (of a picture, its fingerprint), and what Discord called it then."""

    given: str
    became: str = ""


@dataclass(frozen=True, slots=True)
class PartRejected:
    """Discord did not take a part: because it was changed too often, or for another reason, in Discord's words."""

    part: Part
    is_too_often: bool
    detail: str


def read_picture(part: Part) -> bytes:
    return (files("bot") / "pictures" / PICTURES[part]).read_bytes()


def compute_fingerprint(part: Part) -> str:
    """Tells one version of our picture from another."""
    return hashlib.blake2b(read_picture(part), digest_size=16).hexdigest()


def list_missing_parts(look: Look, texts: Mapping[Part, str], given: Mapping[Part, GivenPart]) -> list[Part]:
    """The parts that an application lacks: `texts` is what they should be, `given` what it got from us before."""
    return [each for each in Part if not _has_part(look, texts, given.get(each), each)]


def _has_part(look: Look, texts: Mapping[Part, str], given: GivenPart | None, part: Part) -> bool:
    current = look.get(part)
    if part in PICTURES:
        return current is not None and given == GivenPart(compute_fingerprint(part), current)
    if part is Part.STATUS:  # Discord does not say it
        return given == GivenPart(texts[part])
    return current is not None and current.split() == texts[part].split()
