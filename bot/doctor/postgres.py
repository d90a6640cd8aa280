"""What the checks of the database look at if it is a PostgreSQL."""

from collections.abc import AsyncIterator

from bot.database_address import PostgresAddress
from bot.doctor.case import Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.layouts.terminal import describe_database_problem
from bot.storage import DatabaseUnusable
from bot.storage.examination import Server, examine_schema, examine_server, is_claimed
from bot.storage.sqlite import get_current_schema

CONNECTIONS = 5  # that a process needs


async def check_postgres(case: Case, address: PostgresAddress) -> AsyncIterator[Finding]:
    """Whether it can be used, of which version it is, and whether it has room for our processes."""
    try:
        schema = await run_in_thread(lambda: examine_schema(address))
        if schema == 0:
            yield find(Kind.POSTGRES_NEW, path=address)
            return
        if schema < get_current_schema():
            yield find(Kind.POSTGRES_OLDER, path=address, schema=schema, needed=get_current_schema())
            return
        server = await run_in_thread(lambda: examine_server(address))
        contents = await case.read_contents()
        problems = [each async for each in _find_problems(case, address, server)]
    except DatabaseUnusable as error:
        yield describe_problem(error)
        return
    for each in problems:
        yield each
    if not problems:
        yield find(
            Kind.POSTGRES_FINE,
            path=address,
            version=server.version,
            size=server.size,
            papers=contents.papers,
            subscriptions=contents.active,
            growth=contents.estimate_growth(server.size),
            connections=server.connections_left,
        )


def describe_problem(error: DatabaseUnusable) -> Finding:
    kind = Kind.POSTGRES_AWAY if error.may_pass else Kind.POSTGRES_UNUSABLE
    return find(kind, problem=error.problem.name.lower(), detail=describe_database_problem(error))


async def _find_problems(case: Case, address: PostgresAddress, server: Server) -> AsyncIterator[Finding]:
    if server.not_ours:
        yield find(Kind.TABLES_NOT_OURS, path=address, names=server.not_ours.split(", "))
    is_running = await case.is_running()
    if server.connections_left < CONNECTIONS and not is_running:
        yield find(Kind.CONNECTIONS_SHORT, path=address, free=max(0, server.connections_left), needed=CONNECTIONS)
    share, theirs = case.settings.shards, server.shard_count
    differs = share.count > 1 and theirs not in {None, share.count}
    if differs and await run_in_thread(lambda: is_claimed(address, ())):  # else the next to start decides
        yield find(Kind.SHARDS_DIFFER, ours=share.count, theirs=theirs)
