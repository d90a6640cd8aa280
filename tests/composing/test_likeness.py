"""Digests whose filter has `like:` say how like each paper is to the nearest example, and `/digest why` to each."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.digest import Likeness
from tests.support.builders import DAY, entry
from tests.support.messages import paper_ids, read_texts
from tests.support.server import Server, deliveries

SEED, OTHER_SEED, CATS, ROUTES, STOVES = (f"2601.0000{number}" for number in range(1, 6))
FELINES = "Domestic felines purr and scratch, and we label each purr of felines at night."
ROADS = "Junctions of a road network are indexed, so that routing takes a microsecond."
OLD = [entry(SEED, title="Feline Behaviour", summary=FELINES), entry(OTHER_SEED, title="Routing", summary=ROADS)]
NEW = [
    entry(CATS, title="Feline Behaviour of Kittens", summary=f"{FELINES} They are young.", upvotes=50),
    entry(ROUTES, title="Routing with Traffic", summary=f"{ROADS} Traffic changes.", upvotes=40),
    entry(STOVES, title="Stoves", summary="Soup is cooked on stoves.", upvotes=90),
    *(entry(f"2601.001{n:02}", title=f"Other {n}", summary=f"Of machine {n} we tell.", upvotes=n) for n in range(9)),
]


@pytest.fixture
def papers_server(papers_server: PapersServer) -> PapersServer:
    papers_server.lists = {DAY - timedelta(days=10): OLD, DAY: NEW}
    return papers_server


@pytest.fixture
async def ready(server: Server) -> Server:
    await server.read_lists()
    return server


async def post(server: Server, filter_: str, **options: object) -> str:
    await server.subscribe(filter=filter_, **options)
    await server.later(hours=1)
    (message,) = server.papers.history()
    return read_texts(message)


@pytest.mark.parametrize("layout", ["list", "compact", "cards"])
async def test_each_line_says_how_like_the_nearest_example_the_paper_is(ready: Server, layout: str) -> None:
    text = await post(ready, f"like:{SEED} like:{OTHER_SEED}", layout=layout)
    (message,) = ready.papers.history()
    assert paper_ids(message) == [CATS, ROUTES]
    assert re.findall(r"[01]\.\d\d like ([\d.]+\d)", text) == [SEED, OTHER_SEED]
    (delivery,) = await deliveries(ready)
    kept = [each.likeness for each in delivery.digest.highlights]
    assert [each and each.example for each in kept] == [SEED, OTHER_SEED]
    assert f"{kept[0].value:.2f} like {SEED}" in text if kept[0] else False


async def test_papers_like_an_example_can_be_left_out(ready: Server) -> None:
    text = await post(ready, f"-like:{SEED}", size=2)
    (message,) = ready.papers.history()
    assert paper_ids(message) == [STOVES, ROUTES]
    assert " like " not in text


async def test_a_paper_that_came_for_another_reason_has_no_likeness(ready: Server) -> None:
    await post(ready, f"like:{SEED} OR stoves")
    (delivery,) = await deliveries(ready)
    assert [(each.paper.id, bool(each.likeness)) for each in delivery.digest.highlights] == [
        (STOVES, False),
        (CATS, True),
    ]


async def test_why_compares_a_paper_with_each_example_and_the_bar(ready: Server) -> None:
    await post(ready, f"like:{SEED} -like:{OTHER_SEED}")
    told = await ready.ask("digest why", paper=ROUTES)
    assert "but the filter only allows papers matching" in told
    assert re.search(
        rf"-# Likeness: [01]\.\d\d to {re.escape(SEED)}, [01]\.\d\d to {re.escape(OTHER_SEED)} \(pushed away\)\. "
        r"A paper is like another from 0\.4 on\.",
        told,
    )
    assert "-# Likeness: " in await ready.ask("digest why", paper=CATS)


async def test_why_says_nothing_of_likeness_without_an_example(ready: Server) -> None:
    await post(ready, "stoves")
    assert "Likeness" not in await ready.ask("digest why", paper=ROUTES)


async def test_a_preview_shows_what_the_digest_will_show(ready: Server) -> None:
    await ready.subscribe(filter=f"like:{SEED}")
    assert re.search(rf"[01]\.\d\d like {re.escape(SEED)}", await ready.ask("digest preview"))


async def test_an_example_that_the_archive_lacks_is_looked_up_when_the_filter_is_saved(
    ready: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.00777", title="Felines", summary=FELINES)]
    text = await post(ready, "like:2601.00777")
    assert "like 2601.00777" in text


async def test_an_example_that_nobody_knows_is_named_with_what_to_do(ready: Server) -> None:
    told = await ready.ask("digest add", channel=ready.general, time="9:00", timezone="UTC", filter="like:2699.00001")
    assert "I don't have the paper `2699.00001`, so nothing is like it. Check the ID, or open it with" in told


async def test_a_bad_example_in_a_filter_waits_to_be_corrected(ready: Server) -> None:
    told = await ready.ask("digest add", channel=ready.general, time="9:00", timezone="UTC", filter="like:cats")
    assert "I don't understand `like:cats`. Write it like `like:2605.29801`" in told


async def test_a_likeness_survives_a_restart(ready: Server) -> None:
    await post(ready, f"like:{SEED}")
    before = await deliveries(ready)
    await ready.restart()
    assert await deliveries(ready) == before
    (highlight,) = before[0].digest.highlights
    assert isinstance(highlight.likeness, Likeness)
    assert replace(highlight.likeness, value=0.0) == Likeness(SEED, 0.0)
