"""How the running bot is, for whoever runs it: what `/readyz` and `paperboy health` say."""

from collections.abc import Iterable, Mapping

from bot.health import HealthProblem, ProblemKind

_PROBLEMS: Mapping[ProblemKind, str] = {
    ProblemKind.STARTING: "Paperboy is starting.",
    ProblemKind.STOPPING: "Paperboy is stopping.",
    ProblemKind.STANDBY: "Paperboy waits as a standby: another process has shard {:.0f}.",
    ProblemKind.LOOP_LATE: "The event loop is {:.0f} s late: something keeps the process from running.",
    ProblemKind.GATEWAY_CLOSED: "{:.0f} of {:.0f} connections to Discord's gateway are open.",
    ProblemKind.DATABASE_AWAY: "The database can't be reached: no digest is sent until it can.",
    ProblemKind.DATABASE_SILENT: "The database did not answer a read within {:.0f} s.",
    ProblemKind.DATABASE_LOCKED: (
        "A write to the database has not ended for {:.0f} s: another program may have locked it."
    ),
    ProblemKind.DISK_FULL: "The disk is full: no digest is sent until there is room.",
    ProblemKind.NO_GOOD_TICK: "No tick has ended well for {:.0f} s: digests that are due are not being sent.",
}
READY = "Paperboy is ready."
NO_PORT = (
    "PAPERBOY_HTTP_PORT is not set, so the running bot can't be asked. Set it, for example to 8080, and start the bot "
    "again."
)
INDEX = """Paperboy

/healthz  whether the process runs
/readyz   whether digests are being sent
/metrics  for Prometheus
/feeds    papers for feed readers
"""


def describe_problem(problem: HealthProblem) -> str:
    return _PROBLEMS[problem.kind].format(*problem.numbers)


def describe_not_ready(problems: Iterable[str]) -> str:
    return f"Paperboy is not ready. {' '.join(problems)}"


def describe_standby(text: str) -> str:
    return f"Paperboy is well. {text}"


def describe_no_answer(url: str, detail: str) -> str:
    return f"No answer from {url} ({detail}). Check that Paperboy is running, with the same PAPERBOY_HTTP_PORT."


def describe_foreign_answer(url: str) -> str:
    return f"{url} answered, but not as Paperboy does. Another program may be using PAPERBOY_HTTP_PORT."


def describe_port_problem(host: str, port: int, detail: str) -> str:
    return (
        f"Port {port} can't be opened on {host} ({detail}). Set PAPERBOY_HTTP_PORT to a port that is free, and "
        "PAPERBOY_HTTP_HOST to an address of this machine, such as 127.0.0.1."
    )
