"""`paperboy doctor`: what is wrong with a set-up. It changes nothing, also beside a running bot.

A check is a function that yields findings. What it cannot look at because of another fault it leaves to the check that
tells that one: it raises `CannotCheck`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.account import check_commands, check_gateway, check_identity, check_intents, check_token
from bot.doctor.backups import check_backups
from bot.doctor.case import CannotCheck, Case, NoAnswer, read_what_is_readable
from bot.doctor.channels import check_channels
from bot.doctor.database import check_database, check_index, check_integrity, check_work
from bot.doctor.machine import check_clock, check_disk, check_settings, check_timezones
from bot.doctor.models import check_models
from bot.doctor.papers import check_papers
from bot.doctor.watching import check_heartbeat, check_http
from bot.findings import Examined, Finding, Kind, Severity, find

__all__ = ["CHECKS", "Case", "Check", "examine", "find_worst", "read_what_is_readable"]

LEFT_FOR = 1  # seconds that a check has to end after it was told to
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name, which must end within so many `seconds`."""

    name: str
    run: Callable[[Case], AsyncIterator[Finding]]
    seconds: float = 60


CHECKS = (
    Check("settings", check_settings),
    Check("discord", check_token),
    Check("identity", check_identity),
    Check("intents", check_intents),
    Check("gateway", check_gateway),
    Check("commands", check_commands),
    Check("channels", check_channels, 180),
    Check("papers", check_papers),
    Check("database", check_database),
    Check("integrity", check_integrity, 600),
    Check("work", check_work),
    Check("index", check_index),
    Check("models", check_models),
    Check("disk", check_disk),
    Check("clock", check_clock),
    Check("time zones", check_timezones),
    Check("backups", check_backups, 600),
    Check("http", check_http),
    Check("heartbeat", check_heartbeat),
)


async def examine(case: Case, checks: Sequence[Check] = CHECKS) -> tuple[Examined, ...]:
    """What the checks find, in their order. They run side by side, and none keeps another one waiting."""
    secrets = case.list_secrets()
    examined = await asyncio.gather(*(_run_check(each, case) for each in checks))
    return tuple(Examined(each.check, tuple(_hide(found, secrets) for found in each.findings)) for each in examined)


def find_worst(examined: Sequence[Examined]) -> Severity:
    severities = [finding.severity for each in examined for finding in each.findings]
    return max([Severity.OK, *severities])


async def _run_check(check: Check, case: Case) -> Examined:
    findings: list[Finding] = []
    running = asyncio.create_task(_collect(check, case, findings))
    done, _ = await asyncio.wait({running}, timeout=check.seconds)
    if not done:
        running.cancel()
        await asyncio.wait({running}, timeout=LEFT_FOR)
        findings.append(find(Kind.CHECK_TOO_SLOW, seconds=check.seconds))
    return Examined(check.name, tuple(findings))


async def _collect(check: Check, case: Case, findings: list[Finding]) -> None:
    try:
        async for finding in check.run(case):  # what is found before it hangs is told
            findings.append(finding)  # noqa: PERF401
    except CannotCheck as error:
        findings.append(find(Kind.SKIPPED, needed=error.needed))
    except NoAnswer as error:
        findings.append(find(Kind.DISCORD_UNANSWERED, reason=error.reason))
    except Exception as error:  # noqa: BLE001  # a bug in one check keeps no other one from telling what it found
        findings.append(find(Kind.CHECK_FAILED, detail=f"{type(error).__name__}: {error}"))


def _hide(finding: Finding, secrets: Sequence[str]) -> Finding:
    return Finding(finding.kind, {name: _hide_in(value, secrets) for name, value in finding.facts.items()})


def _hide_in(value: object, secrets: Sequence[str]) -> object:
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, HIDDEN)
            return value
        case Path():
            return Path(str(_hide_in(str(value), secrets)))
        case list():
            return [_hide_in(each, secrets) for each in value]
    return value
