"""The demo: the real bot on the bundled sample, in a browser, and nothing left behind."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psycopg
import pypandoc
import pytest
from rich.console import Console

from bench import corpus
from bot.database_address import PostgresAddress
from bot.demo import Scene, load_sample_lists, load_unlisted_entries
from bot.demo.show import open_demo
from bot.papers.entry import read_list_entry
from tests.support.messages import open_details, paper_ids, read_texts
from tests.support.saved import list_saved

WAIT = 300  # seconds that anything may take on a busy machine


@asynccontextmanager
async def running_demo(folder: Path, *options: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`paperboy demo`, with `folder` for its temporary files."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "paperboy"),
        "demo",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"} | environment,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_serves_a_page_and_leaves_nothing_behind_when_it_ends(tmp_path: Path, ending: int) -> None:
    async with asyncio.timeout(WAIT), running_demo(tmp_path) as process:
        assert process.stdout
        said = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        url = re.search(r"http://127\.0\.0\.1:\d+/", said.rpartition("Open")[2])
        assert url
        async with aiohttp.ClientSession() as session, session.get(url[0]) as page:
            assert page.status == 200
        process.send_signal(ending)
        rest = await process.stdout.read()
        assert await process.wait() == 0
        assert b"left nothing behind" in rest
        assert b"Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--screenshot", "--pictures"])
async def test_a_picture_without_chromium_says_what_to_install(tmp_path: Path, option: str) -> None:
    picture = tmp_path / "picture.png"
    async with asyncio.timeout(WAIT), running_demo(tmp_path, option, str(picture), PATH="") as process:
        said, _ = await process.communicate()
        assert process.returncode == 1
        assert b"Install it" in said
        assert b"Traceback" not in said
    assert not list(tmp_path.rglob("*.png"))


async def test_on_postgresql_it_shows_the_same_beside_whatever_is_there_and_leaves_nothing_behind(
    tmp_path: Path, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE papers (somebody_elses text)")
        async with open_demo(tmp_path, Console(quiet=True), Scene.DIGEST, PostgresAddress(postgres_url)) as stage:
            (digest,) = stage.channel.history()
            assert "Top 5 of 12 papers by upvotes" in read_texts(digest)
            assert not (tmp_path / "paperboy.db").exists()
        left = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|info)'")
        assert left.fetchall() == [("public", "papers")]


async def test_the_digest_is_in_the_channel_and_a_reader_finds_papers_and_opens_them(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True), Scene.DIGEST) as stage:
        (digest,) = stage.channel.history()
        assert "Thursday 28 May 2026" in read_texts(digest)
        assert "Top 5 of 12 papers by upvotes" in read_texts(digest)
        found = await stage.reader.slash(stage.general, "paper search", query="world models")
        assert found.response
        assert "ReactiveGWM" in read_texts(found.response.message)
        preview = await stage.admin.slash(stage.general, "digest preview")
        assert preview.response
        assert "Friday 29 May 2026" in read_texts(preview.response.message)
        assert "**Authors**" in await open_details(stage.reader, digest, paper_ids(digest)[0])


async def test_a_paper_of_the_digest_is_saved_found_by_a_word_of_its_abstract_and_exported(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True), Scene.SAVED) as stage:
        found, exported = stage.shown.history(viewer=stage.reader)[-2:]
        assert "**actors** · 1 paper" in read_texts(found)
        (file,) = exported.attachments
        ris = (await file.read()).decode()
        (read,) = json.loads(pypandoc.convert_text(ris, "csljson", format="ris"))
        storage = stage.bot.services.storage
        (paper,) = await storage.papers.get(await list_saved(storage, stage.reader.id))
        assert (read["title"], len(read["author"])) == (paper.title, len(paper.authors))


async def test_a_link_in_somebodys_message_becomes_a_card(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True), Scene.TALK) as stage:
        assert "**Authors**" in read_texts(stage.shown.history(viewer=stage.admin)[-1])


def test_every_entry_of_the_sample_is_a_paper_with_a_summary_and_tags() -> None:
    lists = load_sample_lists()
    papers = [read_list_entry(entry, day) for day, entries in lists.items() for entry in entries]
    assert len(papers) == len({paper.id for paper in papers}) == 168
    assert all(paper.abstract and paper.ai_summary and paper.tags and paper.authors for paper in papers)
    assert all(paper.day in lists for paper in papers)


def test_the_papers_beyond_the_sample_are_on_no_list_and_just_as_complete() -> None:
    listed = {entry["paper"]["id"] for entries in load_sample_lists().values() for entry in entries}
    papers = [read_list_entry(entry, None) for entry in load_unlisted_entries()]
    assert {paper.id for paper in papers} == {"1706.03762", "1810.04805", "2106.09685"}
    assert listed.isdisjoint(paper.id for paper in papers)
    assert all(paper.abstract and paper.ai_summary and paper.tags and paper.authors for paper in papers)
    assert all(paper.published_at and paper.linked_models and paper.day is None for paper in papers)


async def test_the_demos_archive_can_look_up_a_paper_it_never_listed(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as stage:
        services = stage.bot.services
        assert await services.storage.papers.get(["1706.03762"]) == []
        found = await services.archive.search_hub("attention translation", 5)
        assert [paper.id for paper in found] == ["1706.03762"]
        fetched = await services.archive.fetch_paper("1706.03762", services.clock())
        assert fetched
        assert fetched.authors[0] == "Ashish Vaswani"
        assert await services.storage.papers.get([fetched.id]) == [fetched]


@pytest.mark.real_days
@pytest.mark.skipif(not corpus.CAPTURED.exists(), reason="the captured days do not lie beside the project")
def test_no_text_of_the_sample_repeats_six_words_of_its_paper() -> None:
    _, lists = corpus.lists()
    theirs = {entry["paper"]["id"]: entry["paper"]["summary"] for each in lists.values() for entry in each}
    for day, entries in load_sample_lists().items():
        for paper in (read_list_entry(entry, day) for entry in entries):
            ours = runs_of_words(f"{paper.abstract} . {paper.ai_summary}")
            assert not ours & runs_of_words(theirs.get(paper.id, "")), paper.id


def runs_of_words(text: str, length: int = 6) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
