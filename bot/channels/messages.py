"""Messages in a channel of any kind: finding one of ours in the history, and deleting it."""

import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from datetime import timedelta

import discord
from discord.ui import Button, LayoutView, Select, TextDisplay

from bot.channels.destination import Pace, SentMessage, SoughtMessage
from bot.storage import OwnMessage, ShownPaper

SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt, because its request may have waited for long
PAGE = 100  # messages in a page of a channel's history
_CONTROL = re.compile(r"(?:pick|quiet|details:(?P<paper>[^:]+)):(?P<nonce>[0-9a-f]{24})")  # of a digest, by custom_id
_PART = re.compile(r"-# .* · \d+(?:–\d+)? of (\d+)")  # the heading of a message that shows a part of a digest
_UPVOTES = re.compile(r"▲[ \u00a0]\**([\d,]+)")


async def find_in_history(
    channel: discord.TextChannel | discord.PartialMessageable, author_id: int, sought: SoughtMessage, pace: Pace
) -> SentMessage | None:
    """The message with the nonce, if this author has sent it in the channel."""
    async for message in _read_history(channel, sought, pace):
        if message.author.id == author_id and message_has_nonce(message, sought.nonce):
            return SentMessage(channel.id, message.id, message.created_at)
    return None


async def _read_history(
    channel: discord.TextChannel | discord.PartialMessageable, sought: SoughtMessage, pace: Pace
) -> AsyncIterator[discord.Message]:
    """The messages around the time when it was sent, without those that an earlier search has looked at."""
    start = sought.around - SEARCH_MARGIN
    after = discord.Object(sought.searched_until) if sought.searched_until else start
    count = 0
    await pace()
    async for message in channel.history(after=after, oldest_first=True, limit=None):
        yield message
        if message.created_at > sought.around + SEARCH_MARGIN:
            break
        count += 1
        if count % PAGE == 0:
            await sought.save_progress(message.id)
            await pace()


def message_has_nonce(message: discord.Message, nonce: str) -> bool:
    """Whether the nonce is in one of the message's buttons."""
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)


async def read_page(
    channel: discord.TextChannel | discord.PartialMessageable, author_id: int, since: int
) -> tuple[list[OwnMessage], int | None]:
    """The digests that this author has sent in one page of the history, after the message `since`.

    The second value is the last message of the page, or None if it is the last page.
    """
    page = [each async for each in channel.history(limit=PAGE, after=discord.Object(since), oldest_first=True)]
    own = [read_digest_message(each) for each in page if each.author.id == author_id]
    return [each for each in own if each], page[-1].id if len(page) == PAGE else None


def read_digest_message(message: discord.Message) -> OwnMessage | None:
    """What a message of ours tells of the digest that it is part of; None if it is of none."""
    items = [*LayoutView.from_message(message).walk_children()]
    controls = [each for each in items if isinstance(each, Button | Select)]
    nonces = [found["nonce"] for each in controls if (found := _CONTROL.fullmatch(each.custom_id or ""))]
    if not nonces:
        return None
    texts = [each.content for each in items if isinstance(each, TextDisplay)]
    heads = [text.partition("\n")[0] for text in texts[:2]]  # the first one may be a mention
    part = next((found for head in heads if (found := _PART.fullmatch(head))), None)
    return OwnMessage(
        message.id,
        message.channel.id,
        message.created_at,
        nonces[0],
        tuple(_read_papers(controls, _UPVOTES.findall("\n".join(texts)))),
        int(part[1]) if part else None,
        has_thread=message.flags.has_thread,
        is_published=message.flags.crossposted,
    )


def _read_papers(
    controls: Sequence[Button[LayoutView] | Select[LayoutView]], upvotes: Sequence[str]
) -> Iterator[ShownPaper]:
    """The papers of a message, by the select or the button that opens their details.

    `upvotes` are the numbers in its text, which are those of its papers if they are as many.
    """
    named: dict[str, str] = {}
    for each in controls:
        if isinstance(each, Select) and each.custom_id.startswith("pick:"):
            named |= {option.value: re.sub(r"^\d+\. ", "", option.label) for option in each.options}
        elif (found := _CONTROL.fullmatch(each.custom_id or "")) and found["paper"]:
            named[found["paper"]] = ""
    numbers = [int(each.replace(",", "")) for each in upvotes]
    for position, (paper_id, title) in enumerate(named.items()):
        known = numbers[position] if len(numbers) == len(named) else None
        yield ShownPaper(paper_id, "" if title == paper_id else title, known)


async def delete_if_present(deletion: Awaitable[None]) -> None:
    """Await a deletion of something that may be gone already."""
    try:
        await deletion
    except discord.NotFound:
        return
