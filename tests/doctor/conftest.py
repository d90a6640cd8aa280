"""A healthy set-up, made once by the real bot; each test gets a copy."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.database_address import PostgresAddress
from tests.support.delivery_rig import put_back
from tests.support.doctor import SetUp, make_healthy, serve_set_up
from tests.support.postgres import create_database
from tests.support.wire import Payload


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Payload]]:
    """The folder as the bot left it, and the commands that it registered."""
    folder = tmp_path_factory.mktemp("healthy")
    return folder, asyncio.run(make_healthy(folder))


@pytest.fixture(scope="session")
def healthy_on_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[Path, list[Payload], str]]:
    """The same with its database in a PostgreSQL; what is there may be copied by its name."""
    folder = tmp_path_factory.mktemp("healthy")
    with create_database(postgres_server) as url:
        yield folder, asyncio.run(make_healthy(folder, url)), PostgresAddress(url).name


@pytest.fixture
async def on_postgres(
    healthy_on_postgres: tuple[Path, list[Payload], str],
    postgres_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[SetUp]:
    """A copy of it, which is the working folder."""
    made, commands, database = healthy_on_postgres
    folder = Path(shutil.copytree(made, tmp_path / "set-up"))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PAPERBOY_TEST_POSTGRES", raising=False)  # it is for tests, and no setting
    with create_database(postgres_server, database) as url:
        async with serve_set_up(folder, commands, url) as served:
            with put_back():
                yield served


@pytest.fixture
async def set_up(
    healthy: tuple[Path, list[Payload]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SetUp]:
    """A copy of it, which is the working folder."""
    made, commands = healthy
    folder = Path(shutil.copytree(made, tmp_path / "set-up"))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PAPERBOY_TEST_POSTGRES", raising=False)  # it is for tests, and no setting
    async with serve_set_up(folder, commands) as served:
        with put_back():
            yield served
