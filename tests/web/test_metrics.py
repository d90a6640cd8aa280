"""What `/metrics` shows is what happened, and tells nobody who anybody is."""

import asyncio
import json
import logging
import re
from collections import Counter

import pytest

from bot import metrics, vitals
from bot.app import Services
from bot.lookups.finder import Finder
from bot.papers.api import PapersUnavailable
from bot.reasons import ReasonKind
from bot.search import parse_query
from bot.storage import SubscriptionState
from tests.support.builders import DAY, Clock
from tests.support.delivery_rig import DeliveryRig
from tests.support.pages import Asked, read_samples
from tests.support.papers_server import FrailPapers
from tests.support.wire import Fault, rate_limit

Watched = tuple[DeliveryRig, Asked]


class Since:
    """How much each sample has grown since this was made: other tests count too."""

    def __init__(self) -> None:
        self._before = Counter(read_samples(metrics.render({}).decode()))

    def read(self, name: str) -> float:
        return read_samples(metrics.render({}).decode()).get(name, 0) - self._before[name]


async def test_a_digest_that_comes_is_counted_with_its_messages_requests_and_delay(watched: Watched) -> None:
    rig, _ = watched
    since = Since()
    await rig.tick(seconds=20)
    assert since.read('paperboy_deliveries_total{outcome="sent",reason=""}') == 1
    assert since.read("paperboy_messages_total") == 1
    route = 'method="POST",route="/channels/{}/messages"'
    assert since.read(f'paperboy_discord_requests_total{{{route},status="200"}}') == 1
    assert since.read("paperboy_delivery_delay_seconds_count") == 1
    assert 20 <= since.read("paperboy_delivery_delay_seconds_sum") < 60
    assert since.read("paperboy_pace_wait_seconds_count") == 1


async def test_a_channel_that_cannot_be_posted_in_is_counted_with_its_reason(watched: Watched) -> None:
    rig, asked = watched
    since = Since()
    rig.wire.post_faults.append(Fault(403, 50001))
    await rig.tick()
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
    assert since.read('paperboy_deliveries_total{outcome="failed",reason="channel_hidden"}') == 1
    assert since.read('paperboy_suspensions_total{reason="channel_hidden"}') == 1
    assert (await asked.read_metrics())["paperboy_subscriptions_suspended"] == 1
    await rig.bot.recovery.recover_all_servers(rig.clock())
    assert since.read("paperboy_recoveries_total") == 1
    assert (await asked.read_metrics())["paperboy_subscriptions_suspended"] == 0


async def test_a_digest_that_is_tried_again_is_under_way_meanwhile(watched: Watched) -> None:
    rig, asked = watched
    since = Since()
    rig.wire.post_faults.extend([Fault(503)])
    await rig.tick()
    assert since.read('paperboy_delivery_retries_total{reason="discord_failed"}') == 1
    assert (await asked.read_metrics())["paperboy_deliveries_under_way"] == 1
    await rig.tick(minutes=2)
    assert (await asked.read_metrics())["paperboy_deliveries_under_way"] == 0
    assert since.read('paperboy_deliveries_total{outcome="sent",reason=""}') == 1


async def test_rate_limits_are_counted_with_the_wait_that_discord_asked_for(watched: Watched) -> None:
    rig, _ = watched
    since = Since()
    rig.wire.post_faults.append(rate_limit(0.5))
    await rig.tick()
    route = 'method="POST",route="/channels/{}/messages"'
    assert since.read(f'paperboy_discord_requests_total{{{route},status="429"}}') == 1
    limited = [since.read(f'paperboy_discord_rate_limited_total{{scope="{each}"}}') for each in ("user", "unknown")]
    assert sum(limited) == 1


async def test_a_request_without_an_answer_is_counted(watched: Watched) -> None:
    rig, _ = watched
    since = Since()
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    route = 'method="POST",route="/channels/{}/messages"'
    assert since.read(f'paperboy_discord_requests_total{{{route},status="none"}}') == 1


async def test_a_run_that_waits_is_due_and_says_for_how_long(watched: Watched, papers_server: FrailPapers) -> None:
    rig, asked = watched
    rig.clock.advance(minutes=10)
    known = await asked.read_metrics()
    assert (known["paperboy_runs_due"], known["paperboy_oldest_due_run_seconds"]) == (1, 600)
    await rig.tick()
    known = await asked.read_metrics()
    assert (known["paperboy_runs_due"], known["paperboy_oldest_due_run_seconds"]) == (0, 0)


async def test_the_papers_source_is_counted_by_what_became_of_each_request(
    services: Services, papers_server: FrailPapers, clock: Clock
) -> None:
    since = Since()
    api = services.archive._api
    await api.fetch_list(DAY)
    assert since.read('paperboy_papers_requests_total{outcome="ok"}') == 1
    papers_server.down = True
    with pytest.raises(PapersUnavailable):
        await api.fetch_list(DAY)
    assert since.read('paperboy_papers_requests_total{outcome="papers_refused"}') == 5  # each try
    papers_server.down = False
    assert await api.fetch_paper("2601.99999") is None
    assert since.read('paperboy_papers_requests_total{outcome="not_found"}') == 1


async def test_what_was_read_into_the_archive_is_shown(watched: Watched, services: Services, clock: Clock) -> None:
    _, asked = watched
    await services.archive.refresh_list(DAY, clock())
    known = await asked.read_metrics()
    assert known["paperboy_captured_lists"] == 1
    assert known["paperboy_last_capture_timestamp_seconds"] == int(clock().timestamp())
    assert known["paperboy_index_behind_changes"] >= 0
    assert known["paperboy_database_bytes"] > 0


async def test_a_search_is_timed(services: Services, clock: Clock) -> None:
    since = Since()
    finder: Finder = services.finder
    await finder.search_papers(parse_query("model", DAY), 1)
    assert since.read('paperboy_search_seconds_count{kind="search"}') == 1


async def test_warnings_and_errors_in_the_log_are_counted() -> None:
    metrics.prepare("1", ReasonKind)
    since, log = Since(), logging.getLogger("bot.somewhere")
    with metrics.counting_log_records(logging.getLogger(), lambda record: "skipped" not in record.getMessage()):
        log.info("fine")
        log.warning("odd")
        log.error("broken")
        log.error("skipped")
    log.error("nobody counts")
    counted = {
        level: since.read(f'paperboy_log_records_total{{level="{level}",source="bot"}}')
        for level in ("WARNING", "ERROR")
    }
    assert counted == {"WARNING": 1, "ERROR": 1}


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v10/channels/123/messages/456/crosspost", "/channels/{}/messages/{}/crosspost"),
        ("/proxy/api/v10/users/@me", "/users/@me"),
        ("/api/v10/webhooks/77/aSecretToken/messages/@original", "/webhooks/{}/{}/messages/@original"),
        ("/api/v10/interactions/77/aSecretToken/callback", "/interactions/{}/{}/callback"),
        ("/api/v10/channels/1/messages/2/reactions/👍", "/channels/{}/messages/{}/{}/{}"),
        ("/", "other"),
        ("/cdn/x.png", "other"),
    ],
)
def test_a_route_has_no_id_and_no_secret(path: str, route: str) -> None:
    assert metrics.name_route(path) == route


async def test_no_label_tells_who_somebody_is(watched: Watched) -> None:
    rig, asked = watched
    await rig.tick()
    _, text = await asked.ask("/metrics")
    labels = re.findall(r'(?<!\ble)="([^"]*)"', text)  # `le` is the border of a bucket
    assert labels
    assert not [each for each in labels if re.search(r"\d{4}", each)]
    assert str(rig.guild.id) not in json.dumps(labels)


async def test_every_reading_that_is_described_is_read_of_a_running_bot(watched: Watched) -> None:
    rig, asked = watched
    await rig.tick()
    await rig.bot.services.archive.refresh_list(DAY, rig.clock())
    rig.bot.services.backups.last_made_at = rig.clock()
    while True:
        known = await asked.read_metrics()
        if "paperboy_gateway_latency_seconds" in known:  # from the first heartbeat on
            break
        await asyncio.sleep(0.05)
    assert set(metrics.READINGS) <= {each.partition("{")[0] for each in known}
    assert known["paperboy_ready"] == 1


async def test_what_the_owner_has_to_mend_is_shown(watched: Watched) -> None:
    rig, asked = watched
    rig.bot.services.vitals.report(vitals.Fault.BACKUP_FAILING, is_present=True)
    known = await asked.read_metrics()
    assert {name: value for name, value in known.items() if name.startswith("paperboy_fault")} == {
        f'paperboy_fault{{fault="{fault}"}}': float(fault is vitals.Fault.BACKUP_FAILING) for fault in vitals.Fault
    }
