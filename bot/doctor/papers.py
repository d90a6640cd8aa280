"""The check of the papers API."""

from collections.abc import AsyncIterator

from bot.digest import get_latest_closed_day
from bot.doctor.case import Case
from bot.findings import Finding, Kind, find
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.reasons import ReasonKind

_REJECTED = {401, 403}  # HTTP statuses


async def check_papers(case: Case) -> AsyncIterator[Finding]:
    """Whether the papers API gives the latest closed list."""
    settings, day = case.settings, get_latest_closed_day(case.clock())
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    try:
        async with PapersAPI(str(settings.papers_url), token, proxy=settings.proxy, tries=2, timeout_seconds=10) as api:
            listed = await api.fetch_list(day)
    except PapersUnavailable as error:
        reason = error.reason
        if token and reason.kind is ReasonKind.PAPERS_FAILED and reason.number in _REJECTED:
            yield find(Kind.PAPERS_TOKEN_REJECTED, number=reason.number)
        else:
            yield find(Kind.PAPERS_UNAVAILABLE, reason=reason)
    else:
        yield find(Kind.PAPERS_FINE, number=len(listed.papers), day=day)
