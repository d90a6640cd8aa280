"""What `/metrics` shows. Nothing else knows prometheus_client: whoever counts something calls a function here.

A label has few values, and never anybody's id. What can be read at any moment, such as the length of a queue, is not
counted here but read when somebody asks (`READINGS`).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a second series: since when
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, processor time and open files, on Linux

_INFO = Info("paperboy", "The version that runs", registry=REGISTRY)
_DELIVERIES = Counter(
    "paperboy_deliveries",
    "Deliveries that ended, by outcome (sent, quiet, failed, undone) and the reason, if it has one",
    ["outcome", "reason"],
    registry=REGISTRY,
)
_RETRIES = Counter(
    "paperboy_delivery_retries",
    "Deliveries that could not be finished now and are tried again, by reason",
    ["reason"],
    registry=REGISTRY,
)
_SUSPENSIONS = Counter(
    "paperboy_suspensions", "Subscriptions that were suspended, by reason", ["reason"], registry=REGISTRY
)
_RECOVERIES = Counter("paperboy_recoveries", "Suspended subscriptions that resumed by themselves", registry=REGISTRY)
_DELAY = Histogram(
    "paperboy_delivery_delay_seconds",
    "How long after the time of its run a digest was complete in its channel",
    buckets=(5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400),
    registry=REGISTRY,
)
_MESSAGES = Counter("paperboy_messages", "Messages of digests that arrived", registry=REGISTRY)
_PACE = Histogram(
    "paperboy_pace_wait_seconds",
    "How long a request of a delivery waited for its turn, so that we stay below Discord's limit",
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1800),
    registry=REGISTRY,
)
_REQUESTS = Counter(
    "paperboy_discord_requests",
    "Requests to Discord, by method, route and HTTP status; the status is `none` if no answer came",
    ["method", "route", "status"],
    registry=REGISTRY,
)
_REQUEST_SECONDS = Histogram(
    "paperboy_discord_request_seconds",
    "How long Discord took to answer a request",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
    registry=REGISTRY,
)
_RATE_LIMITED = Counter(
    "paperboy_discord_rate_limited",
    "Requests that Discord refused with 429, by the scope of the limit",
    ["scope"],
    registry=REGISTRY,
)
_RATE_LIMIT_WAIT = Counter(
    "paperboy_discord_rate_limit_wait_seconds",
    "How long Discord told us to wait with these requests, added up, by the scope of the limit",
    ["scope"],
    registry=REGISTRY,
)
_PAPERS_REQUESTS = Counter(
    "paperboy_papers_requests",
    "Requests to the papers API, by outcome: ok, not_found, or the reason why it failed",
    ["outcome"],
    registry=REGISTRY,
)
_SEARCH_SECONDS = Histogram(
    "paperboy_search_seconds",
    "How long a search took, by kind (search, similar)",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
_ANSWER_SECONDS = Histogram(
    "paperboy_answer_seconds",
    "How long it took until somebody was answered, by kind (answer: a command, button, select or modal; suggestion)",
    ["kind"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 1.5, 3, 10, 60),
    registry=REGISTRY,
)
_FEED_REQUESTS = Counter(
    "paperboy_feed_requests",
    "Requests for feeds, by feed (daily, weekly, search, server; empty if it was refused before that was read) and "
    "result (ok, unchanged, bad_request, not_found, limited, busy, starting, failed)",
    ["feed", "result"],
    registry=REGISTRY,
)
_FEED_SECONDS = Histogram(
    "paperboy_feed_seconds",
    "How long it took to make a feed that was not kept, by feed",
    ["feed"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
_LOGGED = Counter(
    "paperboy_log_records",
    "Warnings and errors in the log, by level, and by the library that logged them",
    ["level", "source"],
    registry=REGISTRY,
)

READINGS: Mapping[str, str] = {
    "paperboy_ready": "1 if /readyz says so, else 0",
    "paperboy_uptime_seconds": "How long the process has been running, on a clock that is never set",
    "paperboy_loop_lag_seconds": "The most by which the event loop was late within the last minute",
    "paperboy_seconds_since_good_tick": "How long ago the last good tick ended; before the first, since the start",
    "paperboy_fault": "Whether something is wrong that whoever runs the bot has to fix, by what it is",
    "paperboy_last_backup_timestamp_seconds": "When the latest daily backup was made, as Unix time",
    "paperboy_clock_offset_seconds": "By how much our clock is ahead of Discord's",
    "paperboy_shards": "Connections to the gateway that the bot needs",
    "paperboy_shards_in_all": "Connections to the gateway that all processes together need",
    "paperboy_shards_connected": "Connections to the gateway that are open",
    "paperboy_gateway_latency_seconds": "How long the slowest gateway connection takes to answer a heartbeat",
    "paperboy_servers": "Servers that have the bot",
    "paperboy_servers_unavailable": "Servers that Discord can't reach at the moment",
    "paperboy_deliveries_running": "Subscriptions that are being planned or sent at the moment",
    "paperboy_deliveries_under_way": "Deliveries in the database that are planned and not finished",
    "paperboy_runs_due": "Runs whose time has come and that are not planned yet",
    "paperboy_oldest_due_run_seconds": "How long the oldest of these has been due; 0 without any",
    "paperboy_subscriptions_suspended": "Servers' subscriptions that are suspended",
    "paperboy_database_writes_waiting": "Transactions that wait for their turn",
    "paperboy_database_write_seconds": "How long the transaction that is being written has been at it; 0 without any",
    "paperboy_database_bytes": "The size of the database, without its WAL",
    "paperboy_database_wal_bytes": "The size of the WAL of a SQLite file",
    "paperboy_index_bytes": "The size of the search index",
    "paperboy_index_papers": "Papers in the search index",
    "paperboy_index_behind_changes": "Changes of papers that the search index does not have yet",
    "paperboy_papers_without_vector": "Papers in the search index that have no vector of the encoder yet",
    "paperboy_disk_free_bytes": "Free room on the disk with the database, or with PostgreSQL on that with the index",
    "paperboy_captured_lists": "Days whose list was read into the archive",
    "paperboy_last_capture_timestamp_seconds": "When a list of the latest day was last read, as Unix time",
}
"""What is read at the moment of asking, with its meaning. A reading that is not known is left out."""
_READING_LABELS = {"paperboy_fault": "fault"}
Readings = Mapping[str, float | Mapping[str, float]]
"""The values by name; where there is a label, its values with one value each."""

# What routes are made of. Everything else in a path is an id, or a secret of an interaction.
_ROUTE_WORDS = {
    *("@me", "@original", "active", "applications", "archived", "bot", "callback", "channels", "commands"),
    *("connections", "crosspost", "gateway", "guilds", "interactions", "messages", "oauth2", "permissions"),
    *("public", "threads", "users", "webhooks"),
}
_OUTCOMES = ("sent", "quiet", "failed", "undone")
_SOURCES = ("bot", "cogs", "discord", "apscheduler", "asyncio")
_SCOPES = {"user", "global", "shared"}
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def prepare(version: str, reasons: Iterable[str]) -> None:
    """Name the version, and show what has not happened yet as zero: Prometheus misses the first of what was not there.

    `reasons` are all that there are.
    """
    _INFO.info({"version": version})
    for outcome in _OUTCOMES:
        _DELIVERIES.labels(outcome, "")
    for reason in reasons:
        _DELIVERIES.labels("failed", reason)
        _RETRIES.labels(reason)
        _SUSPENSIONS.labels(reason)
    for scope in (*_SCOPES, "unknown"):
        _RATE_LIMITED.labels(scope)
        _RATE_LIMIT_WAIT.labels(scope)
    for level in ("WARNING", "ERROR", "CRITICAL"):
        for source in (*_SOURCES, "other"):
            _LOGGED.labels(level, source)


def count_delivery(outcome: str, reason: str = "") -> None:
    _DELIVERIES.labels(outcome, reason).inc()


def count_retry(reason: str) -> None:
    _RETRIES.labels(reason).inc()


def count_suspension(reason: str) -> None:
    _SUSPENSIONS.labels(reason).inc()


def count_recovery() -> None:
    _RECOVERIES.inc()


def count_message() -> None:
    _MESSAGES.inc()


def observe_delay(seconds: float) -> None:
    _DELAY.observe(seconds)


def time_pace() -> AbstractContextManager[object]:
    return _PACE.time()


def count_request(method: str, path: str, status: int | None, seconds: float) -> None:
    """A request to Discord has ended; `status` is None if no answer came."""
    method = method if method in _METHODS else "other"
    _REQUESTS.labels(method, name_route(path), "none" if status is None else str(status)).inc()
    if status is not None:
        _REQUEST_SECONDS.observe(seconds)


def count_rate_limit(scope: str, wait: float) -> None:
    """Discord has refused a request for now, and told us to `wait` so many seconds."""
    scope = scope if scope in _SCOPES else "unknown"
    _RATE_LIMITED.labels(scope).inc()
    _RATE_LIMIT_WAIT.labels(scope).inc(max(wait, 0))


def count_papers_request(outcome: str) -> None:
    _PAPERS_REQUESTS.labels(outcome).inc()


def time_search(kind: str) -> AbstractContextManager[object]:
    return _SEARCH_SECONDS.labels(kind).time()


def time_feed(feed: str) -> AbstractContextManager[object]:
    return _FEED_SECONDS.labels(feed).time()


def count_feed_request(feed: str, result: str) -> None:
    _FEED_REQUESTS.labels(feed, result).inc()


def time_answer(kind: str) -> AbstractContextManager[object]:
    return _ANSWER_SECONDS.labels(kind).time()


def name_route(path: str) -> str:
    """The route of a path, without what tells one server, message or interaction from another.

    `/api/v10/channels/12/messages` is `/channels/{}/messages`.
    """
    parts = [each for each in path.split("/") if each]
    while parts and parts[0] not in _ROUTE_WORDS:  # such as `api` and `v10`, and what a proxy puts before them
        del parts[0]
    return "".join(f"/{each if each in _ROUTE_WORDS else '{}'}" for each in parts) or "other"


class _LogCounter(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        source = record.name.partition(".")[0]
        _LOGGED.labels(record.levelname, source if source in _SOURCES else "other").inc()


@contextmanager
def counting_log_records(handled: logging.Logger, filter_: "logging._FilterType") -> Iterator[None]:
    """Count the warnings and errors that `handled` and the loggers below it log, if they pass `filter_`."""
    counter = _LogCounter(logging.WARNING)
    counter.addFilter(filter_)
    handled.addHandler(counter)
    try:
        yield
    finally:
        handled.removeHandler(counter)


def render(readings: Readings) -> bytes:
    """All metrics, with these readings, in Prometheus's text format."""
    return generate_latest(REGISTRY) + generate_latest(_Readings(readings))


class _Readings(Collector):
    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        for name, meaning in READINGS.items():
            value = self._readings.get(name)
            if isinstance(value, Mapping):
                labelled = GaugeMetricFamily(name, meaning, labels=[_READING_LABELS[name]])
                for label, each in value.items():
                    labelled.add_metric([label], each)
                yield labelled
            elif value is not None:
                yield GaugeMetricFamily(name, meaning, value=value)
