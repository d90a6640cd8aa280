"""Composing and planning for people who follow five queries each, compared with channels that have a filter each."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from bench.figures import Figure
from bot.app import Services, open_services
from bot.delivery.planning import Planner
from bot.digest import get_closing_time
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.share import WHOLE
from bot.storage import How
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import Selection
from tests.support.builders import build_settings

DAYS = 60
PEOPLE, CHANNELS, FOLLOWED, QUERIES = 2000, 500, 5, 4000


async def measure(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    latest = dict(list(papers.items())[-DAYS:])
    now = get_closing_time(max(latest)) + timedelta(hours=7)  # nine is over
    before = now - timedelta(hours=4)
    async with (
        PapersAPI("http://127.0.0.1:9") as api,
        open_services(folder / "people.db", api, clock=lambda: now) as services,
    ):
        for back in range(DAYS):
            day = now.date() - timedelta(days=back)
            await services.storage.papers.record_list(day, latest.get(day, []), now)
        await services.archive.update_index()
        queries = _make_queries([paper for listed in latest.values() for paper in listed])
        chance = random.Random(1)
        schedule = build_settings().schedule
        for user_id in range(1, PEOPLE + 1):
            for query in chance.sample(queries, FOLLOWED):
                await services.follower.follow(user_id, query, How.DAILY, user_id, schedule, before)
        for number in range(1, CHANNELS + 1):
            settings = replace(build_settings(PEOPLE + number), selection=Selection(filter=chance.choice(queries)))
            run = find_next_run(schedule, before)
            await services.storage.subscriptions.add(number, settings, by=1, now=before, next_run=run)
        people = await services.storage.subscriptions.list_due_people(WHOLE, now, limit=PEOPLE)
        channels = await services.storage.subscriptions.list_due(WHOLE, now)
        return Figure(
            f"compose and plan for {PEOPLE:,} people with {FOLLOWED} queries each",
            await _plan(services, [each.id for each in people]),
            await _plan(services, [each.id for each in channels]),
            "ms",
            "channels, a filter each",
            "at most 1 ×",
        )


async def _plan(services: Services, ids: Sequence[int]) -> float:
    """Milliseconds of CPU for each."""
    planner = Planner(services.storage, services.composer, services.personal_composer)
    now = services.clock()
    began = time.process_time()
    for each in ids:
        due = await services.storage.subscriptions.get_if_due(each, now)
        assert due
        assert await planner.plan_due_run(due, now)
    return (time.process_time() - began) * 1000 / len(ids)


def _make_queries(papers: Sequence[Paper]) -> list[str]:
    """Authors, tags and words, what many papers have more often."""
    chance = random.Random(2)
    tags = [tag for paper in papers for tag in paper.tags]
    authors = [author for paper in papers for author in paper.authors]
    words = [word for paper in papers for word in paper.title.split() if word.isalpha() and len(word) > 4]
    made = [f'author:"{each}"' for each in chance.choices(authors, k=QUERIES * 2 // 5)]
    made += [f'tag:"{each}"' for each in chance.choices(tags or words, k=QUERIES * 2 // 5)]
    return made + [f"{each} min:{chance.choice((5, 10, 20))}" for each in chance.choices(words, k=QUERIES // 5)]
