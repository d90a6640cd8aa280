"""Kills amid saving: people save, take notes and export, an admin switches the server's feed, and the bot dies.

What Discord was answered is compared with what the file has: what was answered is done, once; what was not is done or
not, and nothing else has changed. The seed chooses the clicks and kills; the exact time depends on the machine.
"""

import asyncio
import random
import re
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
from rich.table import Table

from bot.client import COGS
from bot.demo.papers_server import PapersServer
from bot.storage import open_storage
from faults.child import LOG
from faults.services import lists, noted_errors
from faults.storm import DUE, FORKING, Life, build_environment
from tests.support.builders import DAY, paper, query
from tests.support.crashing import RunningClock
from tests.support.discord_limits import walk
from tests.support.wire import Channel, Fault, Payload, Wire
from tests.support.wire_channels import SOMEBODY

PEOPLE = 6  # in direct messages, beside the admin of a server, who switches its feed
PAPERS = tuple(f"2601.{number:05}" for number in range(1, 6))
LIMIT = 60  # seconds that a click, or a start, may take on the busiest machine
LATEST_MOMENT = 0.5  # seconds after the bot has connected
SOON = 12  # answers within which a kill that goes by them comes
AMID = (
    "amid INSERT INTO saved_papers",
    "amid UPDATE saved_papers",
    "amid DELETE FROM saved_papers",
    "amid INSERT INTO server_feeds",
    "amid UPDATE server_feeds",
    "amid DELETE FROM server_feeds",
    "amid COMMIT",
)
UNSEEN = "unseen"  # marks an answer that reached Discord, but not the person
_KEY = re.compile(r"/feeds/servers/([\w-]+)\.atom")
_PUBLIC = "https://papers.example"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a paper for a person; of one that they removed, too."""

    is_saved: bool = False
    note: str = ""
    is_read: bool = False


Act = Callable[[Kept], Kept]
ACTS: Mapping[str, Act] = {
    "save": lambda kept: replace(kept, is_saved=not kept.is_saved),
    "saving:undo": lambda kept: replace(kept, is_saved=False),
    "saving:again": lambda kept: replace(kept, is_saved=True),
    "savedone:read": lambda kept: replace(kept, is_read=kept.is_read or kept.is_saved),
    "savedone:remove": lambda kept: replace(kept, is_saved=False),
}


@dataclass
class Tally:
    """What the clicks came to. Those that `were_cut` have no answer, and some of these are `done_all_the_same`."""

    kills: int = 0
    amid: int = 0  # a click
    answered: int = 0
    were_cut: int = 0
    done_all_the_same: int = 0
    wrong: list[str] = field(default_factory=list)


class Reader:
    """A person who clicks, one click after the other, and knows what they were answered."""

    def __init__(self, name: str, user_id: int, place: Channel, wire: Wire) -> None:
        self.name = name
        self.id = user_id
        self.place = place
        self.wire = wire
        self.kept = dict.fromkeys(PAPERS, Kept())
        self.maybe: tuple[str, Kept] | None = None  # what the click that was cut would have made of a paper

    async def click(self, chance: random.Random) -> str:
        """One click, of whatever kind; gives what is wrong with its answer."""
        if chance.random() < 0.1:
            return await self._export()
        paper_id = chance.choice(PAPERS)
        if chance.random() < 0.3:
            return await self._write(paper_id, f"note {chance.randrange(10**6)}")
        kind = chance.choice([*ACTS, "save", "save"])
        return await self._do(paper_id, ACTS[kind](self.kept[paper_id]), kind, self._press(f"{kind}:{paper_id}"))

    def _press(self, custom_id: str) -> Coroutine[Any, Any, Payload]:
        button = {"type": 2, "style": 2, "label": "One of an old message", "custom_id": custom_id}
        message = {"data": {"flags": 1 << 6, "components": [{"type": 1, "components": [button]}]}}
        return self.wire.press(self.place, message, custom_id)

    async def _write(self, paper_id: str, note: str) -> str:
        made = replace(self.kept[paper_id], is_saved=True, note=note)
        submitting = self.wire.submit(self.place, f"note:{paper_id}", note=note, tags="thesis")
        return await self._do(paper_id, made, "note", submitting)

    async def _do(self, paper_id: str, made: Kept, what: str, asking: Coroutine[Any, Any, Payload]) -> str:
        self.maybe = (paper_id, made)
        told = str(await _see(asking))
        self.maybe, self.kept[paper_id] = None, made
        return "" if _says(told, what, made) else f"{what} of {paper_id}, then {made}: {told[:500]}"

    async def _export(self) -> str:
        """An export has what is saved; whoever has nothing gets no select."""
        saved = {each for each, kept in self.kept.items() if kept.is_saved}
        shown, before = await self.wire.command(self.place, "saved"), len(self.wire.uploads)
        if not saved:
            return "" if "Nothing saved yet" in str(shown) else f"nothing is saved, but: {str(shown)[:500]}"
        await self.wire.pick_in_answer(self.place, shown, "export:", "CSV")
        files = [content.decode() for _, content in self.wire.uploads[before:]]  # others export, too
        wanted = [saved == {each for each in PAPERS if each in file} for file in files]
        return "" if any(wanted) else f"an export lacks some of {saved}: {files}"

    def compare(self, found: Mapping[str, Kept]) -> Iterator[str]:
        """What is wrong with what is stored, now that the bot is dead; from here on it is what this person knows."""
        for paper_id, known in self.kept.items():
            stored = found.get(paper_id, Kept())
            fine = {known, self.maybe[1]} if self.maybe and self.maybe[0] == paper_id else {known}
            if stored not in fine:
                yield f"{self.name}, {paper_id}: {stored}, which is none of {fine}"
            self.kept[paper_id] = stored


async def _see(asking: Coroutine[Any, Any, Payload]) -> Payload:
    """The answer, once the person sees it."""
    told = await asking
    if UNSEEN in told:
        await asyncio.Event().wait()
    return told


def _says(told: str, what: str, made: Kept) -> bool:
    """Whether an answer says what was made of a paper."""
    match what:
        case "note":
            return "✓ Saved." in told and made.note in told
        case "savedone:read":
            return ("✓ Marked as read." if made.is_saved else "You haven't saved that paper") in told
        case _:
            return ("Saved **" if made.is_saved else "Removed **") in told


class Admin(Reader):
    """Who also switches the server's feed on and off, or replaces its address."""

    key: str | None = None
    may_change = False  # a click on the feed was cut

    async def click(self, chance: random.Random) -> str:
        self.wire.member = {"permissions": str(discord.Permissions.all().value)}
        return await (self._switch(chance) if chance.random() < 0.6 else super().click(chance))

    async def _switch(self, chance: random.Random) -> str:
        """As one does it: by the button of the latest answer, and that of the question."""
        shown = await self.wire.command(self.place, "digest feed")
        if (found := _find_key(shown)) != self.key:
            return f"the feed is shown at {found} instead of {self.key}"
        wanted = chance.choice(["new", "off"]) if self.key else "on"
        custom_id = _find_button(shown, f"server-feed:{wanted if wanted == 'on' else f'ask-{wanted}'}")
        if wanted != "on":
            shown = await self.wire.press(self.place, shown, custom_id)
            custom_id = _find_button(shown, f"server-feed:{wanted}")
        self.may_change = True
        told = await _see(self.wire.press(self.place, shown, custom_id))
        before, self.key, self.may_change = self.key, _find_key(told), False
        is_right = self.key is None if wanted == "off" else self.key not in {None, before}
        return "" if is_right else f"{wanted}: the feed is at {self.key}, and was at {before}"

    def compare_feed(self, key: str | None) -> Iterator[str]:
        if key != self.key and not self.may_change:
            yield f"the feed is at {key} instead of {self.key}"
        self.key, self.may_change = key, False


def _find_key(answer: Payload) -> str | None:
    found = _KEY.search(str(answer))
    return found[1] if found else None


def _find_button(answer: Payload, start: str) -> str:
    custom_ids: list[str] = [each.get("custom_id", "") for each in walk(answer["data"]["components"])]
    return next(each for each in custom_ids if each.startswith(f"{start}:"))


class _World:
    def __init__(self, seed: int, folder: Path, tally: Tally, killed: Callable[[int], object]) -> None:
        self._chance = random.Random(f"saving {seed}")
        self._folder = folder
        self._database = folder / "paperboy.db"
        self._tally = tally
        self._killed = killed
        self._wire = Wire(RunningClock(DUE))
        self._guild = self._wire.add_guild()
        people = [self._wire.add_person() for _ in range(PEOPLE)]
        self._admin = Admin("the admin", int(SOMEBODY["id"] or 0), self._guild.general, self._wire)
        self._readers = [
            self._admin,
            *(Reader(f"person {each.id}", each.id, each.papers, self._wire) for each in people),
        ]

    async def last(self, kills: int) -> None:
        async with open_storage(self._database) as storage:
            await storage.papers.record_list(DAY, [paper(each) for each in PAPERS], DUE)
            await storage.guilds.record_join(self._guild.id, DUE)
        now = DUE
        async with self._wire.serve(), PapersServer(lists(1)).serve() as url:
            for number in range(kills + 1):
                await self._live(now, url, is_last=number == kills)
                now += timedelta(seconds=10)

    async def _live(self, now: Any, url: str, *, is_last: bool) -> None:
        """A run that is killed; of the last one, everybody clicks a few times more, and it is stopped."""
        self._wire.clock = RunningClock(now)
        self._forget_arrivals()
        way = "" if is_last else self._chance.choice(("amid", "answer", "lost answer", "moment"))
        step = self._chance.choice(AMID) if way == "amid" else ""
        environment = build_environment(self._database, self._wire, now, url, step)
        life = Life(self._folder, environment | {"PAPERBOY_PUBLIC_URL": _PUBLIC})
        if "answer" in way:
            self._plant_kill(life, is_lost=way == "lost answer")
        try:
            async with asyncio.timeout(LIMIT):
                await self._until_connected(life)
                await (self._click_and_stop(life) if is_last else self._click_until_killed(life, way))
        except TimeoutError:
            self._tally.wrong.append(f"{LIMIT} s were not enough for a life that ends by {way or 'a stop'}")
            await life.kill()
        self._wire.answer_faults.clear()
        self._count(life)
        self._compare()

    def _plant_kill(self, life: Life, *, is_lost: bool) -> None:
        """Have the process killed when one of its next answers has arrived; perhaps the person never sees that."""

        async def kill() -> None:
            if is_lost:
                self._wire.first_answers[-1][UNSEEN] = True
            await life.kill()

        self._wire.answer_faults.extend([Fault(200)] * self._chance.randrange(SOON))
        self._wire.answer_faults.append(Fault(200, meanwhile=kill))

    async def _until_connected(self, life: Life) -> None:
        arrivals = self._wire.gateway.arrivals
        while arrivals.empty() and not life.is_over:
            await asyncio.sleep(0.01)

    def _forget_arrivals(self) -> None:
        """One may have been on its way when its process was killed."""
        while not self._wire.gateway.arrivals.empty():
            self._wire.gateway.arrivals.get_nowait()

    async def _click_until_killed(self, life: Life, way: str) -> None:
        clicking = [asyncio.create_task(self._click_on(each, life)) for each in self._readers]
        if way == "moment":
            await asyncio.sleep(self._chance.uniform(0, LATEST_MOMENT))
            await life.kill()
        await life.end()
        await asyncio.gather(*clicking)

    async def _click_on(self, reader: Reader, life: Life) -> None:
        """Click until the process ends."""
        while not life.is_over:
            clicking = asyncio.create_task(self._click(reader))
            ending = asyncio.create_task(life.end())
            await asyncio.wait({clicking, ending}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if not clicking.done():
                clicking.cancel()
                self._tally.were_cut += 1
            await asyncio.wait({clicking})
            if not clicking.cancelled():
                clicking.result()

    async def _click(self, reader: Reader) -> None:
        if wrong := await reader.click(self._chance):
            self._tally.wrong.append(f"{reader.name}: {wrong}")
        self._tally.answered += 1

    async def _click_and_stop(self, life: Life) -> None:
        for reader in self._readers:
            for _ in range(5):
                await self._click(reader)
        await life.stop()

    def _count(self, life: Life) -> None:
        log = self._folder / LOG
        said = log.read_text() if log.exists() else ""
        if life.process.exitcode == -9:
            self._tally.kills += 1
            self._tally.amid += any(each.maybe for each in self._readers) or self._admin.may_change
            self._killed(1)
        elif life.process.exitcode:
            self._tally.wrong.append(f"ended with {life.process.exitcode}: {said[-2000:]}")
        if "ran into a bug" in said or "Traceback" in said:
            self._tally.wrong.append(f"logged {said[-2000:]}")
        log.unlink(missing_ok=True)

    def _compare(self) -> None:
        """The file is sound, and has what everybody was answered."""
        for check in ("integrity_check", "foreign_key_check"):
            if (found := query(self._database, f"PRAGMA {check}")) not in ([("ok",)], []):
                self._tally.wrong.append(f"{check}: {found}")
        stored = self._read_stored()
        for reader in self._readers:
            if reader.maybe:
                paper_id, made = reader.maybe
                is_done = made == stored.get(reader.id, {}).get(paper_id, Kept()) != reader.kept[paper_id]
                self._tally.done_all_the_same += is_done
            self._tally.wrong += reader.compare(stored.pop(reader.id, {}))
            reader.maybe = None
        if stored:
            self._tally.wrong.append(f"somebody else has saved something: {stored}")
        keys = [key for (key,) in query(self._database, "SELECT key FROM server_feeds")]
        self._tally.wrong += self._admin.compare_feed(keys[0] if keys else None)

    def _read_stored(self) -> dict[int, dict[str, Kept]]:
        """By person and paper."""
        rows = query(
            self._database, "SELECT user_id, paper_id, removed_at IS NULL, note, read_at IS NOT NULL FROM saved_papers"
        )
        stored: dict[int, dict[str, Kept]] = {}
        for user_id, paper_id, is_saved, note, is_read in rows:
            stored.setdefault(user_id, {})[paper_id] = Kept(bool(is_saved), note, bool(is_read))
        return stored


async def measure(seed: int, kills: int, killed: Callable[[int], object]) -> Tally:
    """A storm of so many kills."""
    FORKING.set_forkserver_preload(["faults.__main__", "faults.child", *(f"cogs.{name}" for name in COGS)])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, noted_errors() as errors:
        await _World(seed, Path(folder), tally, killed).last(kills)
    tally.wrong += [f"logged: {each}" for each in errors]
    return tally


def table(tally: Tally) -> Table:
    """The results as a table."""
    shown = Table(title="Saving: whatever was answered is kept, once")
    for heading in ("people", "kills", "amid a click", "answered", "cut off", "of these done", "wrong"):
        shown.add_column(heading, justify="right")
    counts = (PEOPLE + 1, tally.kills, tally.amid, tally.answered, tally.were_cut, tally.done_all_the_same)
    shown.add_row(*map(str, counts), str(len(tally.wrong) or "✓"))
    return shown
