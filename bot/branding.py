"""Gives the bot's application on Discord its brand: name, pictures, description, tags and status."""

import logging
from collections.abc import Callable, Sequence

import discord

from bot.brand import GivenPart, Look, Part, PartRejected, compute_fingerprint, list_missing_parts, read_picture
from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.layouts.brand import DESCRIPTION, NAME, TAGS, TEXTS, join_tags
from bot.layouts.terminal import describe_given_part, describe_rejected_part
from bot.storage import Storage

log = logging.getLogger(__name__)

_TOO_OFTEN = "too fast"  # in the words of Discord's error, whose code discord.py does not keep


class Branding:
    """The brand of the application that `client` is logged in to."""

    def __init__(self, client: discord.Client, storage: Storage) -> None:
        self._client = client
        self._given = storage.brand

    async def list_missing(self) -> list[Part]:
        """The parts that the application lacks."""
        given = await self._given.list_parts(self._application.id)
        return list_missing_parts(self.read_look(), TEXTS, given)

    async def give(self, parts: Sequence[Part], report: Callable[[Part], object]) -> list[PartRejected]:
        """Give the application these parts, one at a time; `report` hears of each. Returns those Discord rejected."""
        rejected = []
        for part in parts:
            try:
                became = await wait_for_answer(self._give_part(part), ANSWER_TIMEOUT)
            except REQUEST_ERRORS as error:
                rejected.append(_describe_rejection(part, error))
            else:
                given = GivenPart(TEXTS.get(part) or compute_fingerprint(part), became)
                await self._given.save_part(self._application.id, part, given)
                report(part)
        return rejected

    @property
    def _application(self) -> discord.AppInfo:
        assert self._client.application is not None  # known from the login
        return self._client.application

    def read_look(self) -> Look:
        """How the application presents itself, as of the login."""
        user, application = self._client.user, self._application
        assert user is not None  # known from the login
        return {
            Part.NAME: user.name,
            Part.AVATAR: _read_hash(user.avatar),
            Part.BANNER: _read_hash(user.banner),
            Part.ICON: _read_hash(application.icon),
            Part.DESCRIPTION: application.description,
            Part.TAGS: join_tags(application.tags),
        }

    async def _give_part(self, part: Part) -> str:
        """Returns what Discord calls it from then on; empty for anything but a picture."""
        user = self._client.user
        assert user is not None
        match part:
            case Part.NAME:
                await user.edit(username=NAME)
            case Part.AVATAR:
                edited = await user.edit(avatar=read_picture(part))
                return _read_hash(edited.avatar) or ""
            case Part.BANNER:
                edited = await user.edit(banner=read_picture(part))
                return _read_hash(edited.banner) or ""
            case Part.ICON:
                return _read_hash((await self._application.edit(icon=read_picture(part))).icon) or ""
            case Part.DESCRIPTION:
                await self._application.edit(description=DESCRIPTION)
            case Part.TAGS:
                await self._application.edit(tags=list(TAGS))
            case Part.STATUS:
                pass  # the bot shows it from its next start on
        return ""


async def give_brand_at_start(client: discord.Client, storage: Storage) -> None:
    """Give the application what it lacks. The log says what changed, and what Discord rejected."""
    branding = Branding(client, storage)
    rejected = await branding.give(
        await branding.list_missing(), lambda part: log.info("%s", describe_given_part(part))
    )
    for each in rejected:
        log.warning("%s", describe_rejected_part(each))


async def find_status(storage: Storage, application_id: int) -> str | None:
    """The status that the bot was given to show; None if it was given none."""
    given = (await storage.brand.list_parts(application_id)).get(Part.STATUS)
    return given.given if given else None


def _read_hash(picture: discord.Asset | None) -> str | None:
    return picture.key if picture else None


def _describe_rejection(part: Part, error: BaseException) -> PartRejected:
    is_too_often = isinstance(error, discord.RateLimited) or _TOO_OFTEN in str(error)
    return PartRejected(part, is_too_often, str(error) or type(error).__name__)
