"""The real thing, small: SQLite on disk, the papers API on loopback, discord.py in a simulated Discord."""

import logging
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import time
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import discord
import pytest
import simcord
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from tenacity import wait_none

from bot import answering, archive
from bot.answering import unwrap_error
from bot.app import Services, build_services
from bot.client import PaperBot, connect_to_discord_at
from bot.composing import outlook
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.demo.papers_server import PapersServer
from bot.editing import drafts
from bot.following import preview
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.refusals import Refused
from bot.search import Encoder, SearchIndex, load_encoder
from bot.storage import Storage, database, open_storage, sqlite
from bot.storage.postgres.schema import migrate
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestSettings
from tests.support.bot_process import DUE, World
from tests.support.builders import DAY, MORNING, Clock, entries
from tests.support.crashing import RunningClock
from tests.support.delivery_rig import DeliveryRig, open_rig, put_back
from tests.support.discord_limits import check_body
from tests.support.papers_server import FrailPapers, Papers
from tests.support.postgres import ReusedDatabase, create_database, run_postgres
from tests.support.server import GUILD_ID, Server
from tests.support.wire import Wire

hypothesis_settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # machines are busy
hypothesis_settings.load_profile("unhurried")

# A script's background processes ignore Ctrl-C, and so would all programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Folders and modules whose tests run on both engines. Of those on the wire, it is what depends most on what is recorded
# when; with `--both-engines`, all others do, too.
BOTH_ENGINES = re.compile(
    r"tests\.storage|tests\.delivery\.test|tests\.delivery\.on_the_wire\.test_"
    "(forums|killed_between_steps|lost_answers|many_people|recovery|same_channel|taken_over|two_processes)"
)

SHORT_LIMITS = {
    answering: ("DEFER_AFTER", "AUTOCOMPLETE_TIMEOUT"),
    archive: ("LOOKUP_TIMEOUT",),
    database: ("READ_TIMEOUT", "WRITE_TIMEOUT"),
    drafts: ("COUNT_TIMEOUT",),
    outlook: ("TIMEOUT",),
    preview: ("TIMEOUT",),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--both-engines", action="store_true", help="run every test that uses the storage on both engines")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, one for all the processes of a test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"of-{os.getpid()}")
    with run_postgres(Path(tempfile.gettempdir()) / f"paperboy-tests-{run}") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database."""
    with create_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """Discord waits three seconds for an answer, a test on a busy machine longer; those of a limit set their own."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in SHORT_LIMITS.items():
            for name in names:
                patch.setattr(module, name, 60)
        yield


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real model."""
    loaded = load_encoder()
    assert loaded, "the extra `semantic` is part of the extra `dev`"
    return loaded


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that the migrations have just made: to copy it costs a test far less than to run them."""
    path = tmp_path_factory.mktemp("new") / "paperboy.db"
    sqlite.migrate_file(path)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database that the migrations have just made."""
    with create_database(postgres_server) as url:
        migrate(PostgresAddress(url))
        yield urlsplit(url).path.strip("/")


@pytest.fixture
def postgres_address(postgres_server: str, postgres_template: str) -> Iterator[PostgresAddress]:
    """A new PostgreSQL database, with the schema."""
    with create_database(postgres_server, postgres_template) as url:
        yield PostgresAddress(url)


@pytest.fixture(scope="session")
def reused_database(postgres_server: str, postgres_template: str) -> Iterator[ReusedDatabase]:
    reused = ReusedDatabase(postgres_server, postgres_template)
    yield reused
    reused.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses the storage runs on both engines, in the folders where statements are at stake."""
    if "engine" in metafunc.fixturenames:
        is_both = metafunc.config.getoption("both_engines") or BOTH_ENGINES.match(metafunc.module.__name__)
        reads_file = metafunc.definition.get_closest_marker("file") is not None
        metafunc.parametrize("engine", ["sqlite", "postgres"] if is_both and not reads_file else ["sqlite"])


@pytest.fixture
def address(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseAddress]:
    """A new database."""
    if engine == "sqlite":
        yield Path(shutil.copy(request.getfixturevalue("new_database"), tmp_path))
        return
    reused: ReusedDatabase = request.getfixturevalue("reused_database")
    yield PostgresAddress(reused.take())
    reused.renew()


@pytest.fixture
async def storage(address: DatabaseAddress) -> AsyncIterator[Storage]:
    """A new one. No commit waits for the disk, as nobody cuts the power here; in a process that is killed each does."""
    async with open_storage(address) as opened:
        if isinstance(address, Path):
            await opened.database._writer.run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
        yield opened


@pytest.fixture
def papers_server() -> PapersServer:
    """The papers API with one list of seven papers; tests put others into `lists`."""
    return Papers({DAY: entries(7)})


@pytest.fixture
async def api(papers_server: PapersServer) -> AsyncIterator[PapersAPI]:
    async with papers_server.serve() as url, PapersAPI(url, backoff=wait_none()) as opened:
        yield opened


@pytest.fixture
async def services(tmp_path: Path, storage: Storage, api: PapersAPI, clock: Clock) -> AsyncIterator[Services]:
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    yield build_services(storage, search, api, backfill_days=3, clock=clock)
    search.close()


@pytest.fixture
async def server(services: Services, clock: Clock, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Server]:
    """The real bot, logged in to a simulated Discord whose time is the clock's."""
    bot = PaperBot(services, shard_count=1)
    env = simcord.Env(bot)
    await env.start()
    await env.advance_time((clock.now - env.now()).total_seconds())
    await services.storage.guilds.record_join(GUILD_ID, clock.now)  # it has been welcomed
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True, mention_everyone=True))
    yield Server(
        env,
        bot,
        guild,
        papers=guild.create_text_channel("papers"),
        general=guild.create_text_channel("general"),
        admin=guild.add_member(env.create_user("ada"), roles=[admins]),
        member=guild.add_member(env.create_user("grace")),
        clock=clock,
        database=services.storage.database.address,
    )
    await env.shutdown()
    _assert_no_bug(env, caplog)
    for request in env.http_requests:
        check_body(request.method, request.path, request.json)


def _assert_no_bug(env: simcord.Env, caplog: pytest.LogCaptureFixture) -> None:
    """What the bot swallowed fails the test; a person's mistake is none of the bot's."""
    bugs = [error for error in env.errors if not isinstance(unwrap_error(error), Refused | PapersUnavailable)]
    if bugs:
        raise BaseExceptionGroup("the bot met errors", bugs)
    logged = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not logged, [record.getMessage() for record in logged]


@pytest.fixture
async def wire(clock: Clock, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Wire]:
    """A little Discord on loopback that discord.py takes for Discord.

    A delivery that meets a bug is only logged, lest it cost others theirs; here it fails the test.
    """
    wire = Wire(clock)
    with put_back():
        async with wire.serve():
            connect_to_discord_at(wire.api_url, wire.gateway.url)
            yield wire
    assert not [record for record in caplog.get_records("call") if "ran into a bug" in record.message]


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """The bot at work on that Discord, with a server that wants its digests in a text channel."""
    async with open_rig(services, wire, clock) as opened:
        yield opened


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """What a bot in a process of its own finds: its file, its Discord and the papers API."""
    papers = FrailPapers({DAY: entries(7)})
    wire, database = Wire(RunningClock(DUE)), tmp_path / "paperboy.db"
    guild, schedule = wire.add_guild(), Schedule(time(9), ZoneInfo("UTC"))
    async with open_storage(database) as storage:
        subscription = await storage.subscriptions.add(
            guild.id,
            DigestSettings(guild.papers.id, schedule),
            by=1,
            now=MORNING,
            next_run=find_next_run(schedule, MORNING),
        )
    async with wire.serve(), papers.serve() as papers_url:
        yield World(wire, guild.papers, database, papers, papers_url, subscription.id)
