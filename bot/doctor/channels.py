"""The check of the channels that servers have subscribed: what the bot itself would find, asked of Discord anew."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import discord
from aiolimiter import AsyncLimiter

from bot.channels import build_destination
from bot.channels.requests import REQUEST_ERRORS, TemporaryFailure, classify_error, wait_for_answer
from bot.doctor.case import REQUEST_LIMIT, Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.reasons import Reason, ReasonKind
from bot.storage import Subscription
from bot.storage.examination import list_subscribed

MAX_SUBSCRIPTIONS = 300  # that are looked at, those due next first
MAX_FINDINGS = 20  # that are told one by one
SECONDS = 120  # after which no more are asked
PER_SECOND = 10  # requests: a running bot has 50 in all
SERVERS_AT_ONCE = 5


async def check_channels(case: Case) -> AsyncIterator[Finding]:
    """Whether digests can be posted where they are due, as their subscriptions want them."""
    client = await case.get_client()
    await case.get_contents()
    path, blocked = case.settings.database, list(case.blocked_servers)
    wanted, total = await run_in_thread(lambda: list_subscribed(path, MAX_SUBSCRIPTIONS, blocked))
    inquiry = _Inquiry(client, len(wanted), case.report_progress)
    await inquiry.ask_for_all(wanted)
    told = inquiry.findings[:MAX_FINDINGS]
    for finding in told:
        yield finding
    if len(inquiry.findings) > len(told):
        yield find(Kind.MORE_CHANNELS_BLOCKED, number=len(inquiry.findings) - len(told))
    if inquiry.unanswered:
        yield find(Kind.CHANNELS_UNANSWERED, number=len(inquiry.unanswered), reason=inquiry.unanswered[0])
    if not inquiry.findings and not inquiry.unanswered:
        yield find(Kind.CHANNELS_FINE, asked=inquiry.asked, subscriptions=total)


class _Inquiry:
    """Asks Discord for channels, slowly, and remembers what is wrong with them."""

    def __init__(self, client: discord.Client, total: int, report_progress: Callable[[int, int], object]) -> None:
        self._client = client
        self._total = total
        self._report_progress = report_progress
        self._pace = AsyncLimiter(PER_SECOND, 1)
        self._slots = asyncio.Semaphore(SERVERS_AT_ONCE)
        self.findings: list[Finding] = []
        self.unanswered: list[Reason] = []
        self.asked = 0

    async def ask_for_all(self, wanted: Sequence[Subscription]) -> None:
        """Ask for each server's channels, until time is up."""
        by_server = defaultdict(list)
        for each in wanted:
            by_server[each.guild_id].append(each)
        tasks = [asyncio.create_task(self._ask_for_server(*each)) for each in by_server.items()]
        if not tasks:
            return
        try:
            done, _ = await asyncio.wait(tasks, timeout=SECONDS)
        finally:
            for task in tasks:
                task.cancel()  # nothing happens to those that have ended
        for task in done:
            task.result()

    async def _ask_for_server(self, guild_id: int, subscriptions: Sequence[Subscription]) -> None:
        async with self._slots:
            try:
                guild = await self._fetch_server(guild_id)
            except REQUEST_ERRORS as error:
                self._note_failure(subscriptions, error)
            else:
                for each in subscriptions:
                    await self._ask_for_channel(guild, each)
            self.asked += len(subscriptions)
            self._report_progress(self.asked, self._total)

    async def _fetch_server(self, guild_id: int) -> discord.Guild:
        """The server with its roles and the bot as its member. Raises any of `REQUEST_ERRORS`."""
        assert self._client.user is not None
        async with self._pace:
            guild = await wait_for_answer(self._client.fetch_guild(guild_id, with_counts=False), REQUEST_LIMIT)
        async with self._pace:
            member = await wait_for_answer(guild.fetch_member(self._client.user.id), REQUEST_LIMIT)
        guild._add_member(member)  # noqa: SLF001  # permissions are looked up through the server, as with the gateway
        return guild

    async def _ask_for_channel(self, guild: discord.Guild, subscription: Subscription) -> None:
        try:
            async with self._pace:
                channel = await wait_for_answer(guild.fetch_channel(subscription.settings.channel_id), REQUEST_LIMIT)
        except discord.InvalidData:  # a kind that discord.py doesn't know
            self.findings.append(_block(subscription, Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED)))
        except REQUEST_ERRORS as error:
            self._note_failure([subscription], error)
        else:
            self.findings += _find_obstacles(channel, subscription)

    def _note_failure(self, subscriptions: Sequence[Subscription], error: Exception) -> None:
        failure = classify_error(error)
        if isinstance(failure, TemporaryFailure):
            self.unanswered += [failure.reason for _ in subscriptions]
        else:
            self.findings += [_block(each, failure.reason) for each in subscriptions]


def _find_obstacles(channel: object, subscription: Subscription) -> Iterator[Finding]:
    destination, posting = build_destination(channel), subscription.settings.posting
    if destination is None:
        yield _block(subscription, Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
    elif obstacle := destination.find_obstacle(posting) or destination.find_search_obstacle():
        yield _block(subscription, obstacle)
    elif obstacle := destination.find_ping_obstacle(posting):
        yield _block(subscription, obstacle, Kind.PING_BLOCKED)


def _block(subscription: Subscription, reason: Reason, kind: Kind = Kind.CHANNEL_BLOCKED) -> Finding:
    return find(
        kind,
        server=subscription.guild_id,
        channel=subscription.settings.channel_id,
        subscription=subscription.id,
        reason=reason,
    )
