"""People: all that is stored of one, and deleting it, when they want it or when nothing has come to them for long."""

import json
from datetime import datetime, timedelta
from functools import partial

from bot.share import Share
from bot.storage.audit_log import DELETED_PERSON
from bot.storage.connection import Connection, fetch_all
from bot.storage.database import Database, to_iso
from bot.storage.deletion import delete_subscriptions, mark_for_rewriting
from bot.storage.person_data import PersonData, read_person_data

PERSON_KEPT_FOR = timedelta(days=365)  # after nothing comes to them any more
SENT_KEPT_FOR = timedelta(days=365)  # what was sent to a person; a paper of a list so old cannot come again
BATCH = 500  # people that are looked at in one transaction

_ID = "CAST(person.value AS BIGINT)"
# Whether something comes to that person.
_FOLLOWS = (
    f"(EXISTS (SELECT 1 FROM followed_queries WHERE user_id = {_ID})"
    f" AND EXISTS (SELECT 1 FROM subscriptions WHERE user_id = {_ID} AND state = 'active'))"
)
_THEIRS = "(SELECT id FROM subscriptions WHERE user_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:people)))"
# Their deliveries from before the date `:before`, unless nothing has been delivered since, which says where to go on.
_OLD_DELIVERIES = (
    f"(SELECT id FROM deliveries AS old WHERE subscription_id IN {_THEIRS}"
    " AND run_date < :before AND state != 'planned'"
    " AND EXISTS (SELECT 1 FROM deliveries WHERE subscription_id = old.subscription_id AND run_date >= :before"
    " AND extra = 0 AND state IN ('sent', 'quiet')))"
)


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_data(self, user_id: int) -> PersonData:
        """All that is stored of a person."""
        return await self._database.read(partial(read_person_data, user_id=user_id))

    async def delete_person(self, user_id: int) -> None:
        """Delete all that is stored of a person. What they did in servers stays in the audit logs, without them.

        A digest that is being sent to them meanwhile changes nothing any more when it has arrived.
        """

        def delete(connection: Connection) -> None:
            _delete_following(connection, user_id)
            for table in ("drafts", "saved_papers"):
                connection.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))
            for statement in (
                "UPDATE audit_log SET user_id = ? WHERE user_id = ?",
                "UPDATE subscriptions SET created_by = ? WHERE created_by = ?",
            ):
                connection.execute(statement, (DELETED_PERSON, user_id))

        await self._database.write(delete)
        await self._database.clear_deleted()

    async def delete_old(self, share: Share, now: datetime) -> None:
        """Delete what was sent to people over `SENT_KEPT_FOR` ago, and all that those follow to whom nothing comes.

        That is whoever follows nothing or whose digests are paused or suspended, for over `PERSON_KEPT_FOR`.
        What they did in servers is left alone. It may be stopped and called again.
        """
        last = 0
        while people := await self._database.read(partial(_select_people, share=share, after=last)):
            last = people[-1]
            await self._database.write(partial(_review_people, people=people, now=now))
        before = to_iso(now - PERSON_KEPT_FOR)
        while idle := await self._database.fetch_rows(
            f"SELECT user_id FROM idle_people WHERE since < ? AND {share.build_condition('user_id')}"
            " ORDER BY since LIMIT 1",  # the order keeps PostgreSQL from looking at all when there is none
            before,
        ):
            for (user_id,) in idle:
                await self._database.write(partial(_delete_if_idle, user_id=user_id))
                await self._database.clear_deleted()


def _delete_following(connection: Connection, user_id: int) -> None:
    delete_subscriptions(connection, "user_id", user_id)
    for table in ("followed_queries", "muted", "idle_people"):
        connection.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))
    mark_for_rewriting(connection)


def _select_people(connection: Connection, share: Share, after: int) -> list[int]:
    """The next people that follow or have followed something, by their ids."""
    tables = ("subscriptions", "followed_queries", "muted", "idle_people")
    condition = f"user_id > :after AND {share.build_condition('user_id')}"
    statement = " UNION ".join(f"SELECT user_id FROM {table} WHERE {condition}" for table in tables)
    rows = connection.execute(f"{statement} ORDER BY user_id LIMIT :batch", {"after": after, "batch": BATCH})
    return [user_id for (user_id,) in rows]


def _review_people(connection: Connection, people: list[int], now: datetime) -> None:
    """Note to whom nothing comes any more, or something again, and delete what was sent to them long ago."""
    before = (now - SENT_KEPT_FOR).date().isoformat()
    values = {"people": json.dumps(people), "now": to_iso(now), "before": before}
    for statement in (
        (
            f"INSERT INTO idle_people SELECT {_ID}, :now FROM json_each(:people) AS person WHERE NOT {_FOLLOWS}"
            " ON CONFLICT DO NOTHING"
        ),
        f"DELETE FROM idle_people WHERE user_id IN (SELECT {_ID} FROM json_each(:people) AS person WHERE {_FOLLOWS})",
        f"DELETE FROM past_runs WHERE subscription_id IN {_THEIRS} AND until < :before",
        f"DELETE FROM highlights WHERE delivery_id IN {_OLD_DELIVERIES}",
        f"DELETE FROM messages WHERE delivery_id IN {_OLD_DELIVERIES}",
        f"DELETE FROM rejected_papers WHERE delivery_id IN {_OLD_DELIVERIES}",
        f"DELETE FROM deliveries WHERE id IN {_OLD_DELIVERIES}",
    ):
        connection.execute(statement, values)


def _delete_if_idle(connection: Connection, user_id: int) -> None:
    """Delete what a person follows, or the note that nothing comes to them if that is over."""
    follows = f"SELECT 1 FROM json_each(?) AS person WHERE {_FOLLOWS}"
    if fetch_all(connection, follows, (json.dumps([user_id]),)):
        connection.execute("DELETE FROM idle_people WHERE user_id = ?", (user_id,))
    else:
        _delete_following(connection, user_id)
