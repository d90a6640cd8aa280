"""What Discord refuses, in rows: simpler forms, halves, and papers that are skipped. Within a transaction."""

import json
import sqlite3
from collections.abc import Iterable

from bot.storage.database import fetched
from bot.storage.deliveries.values import Form, Message

_PATIENCE = 2  # failed attempts, which set the wait before the next: a simpler form is tried sooner than the same again


def simplify(connection: sqlite3.Connection, delivery_id: int, number: int, form: Form, refusal: int) -> None:
    """Change the form of a message that is known not to exist. One more server error is enough for the next form."""
    connection.execute(
        "UPDATE messages SET form = ?, refusal = ?, attempted_at = NULL, searched_until = NULL,"
        " server_errors = CASE WHEN form = 'refused' THEN server_errors ELSE max(server_errors - 1, 0) END"
        " WHERE delivery_id = ? AND number = ?",
        (form, refusal, delivery_id, number),
    )
    connection.execute("UPDATE deliveries SET attempts = min(attempts, ?) WHERE id = ?", (_PATIENCE, delivery_id))


def split(connection: sqlite3.Connection, delivery_id: int, message: Message, nonce: str) -> None:
    """Move the second half of what `message` shows into a new message, which is as it is by now."""
    half = message.positions[(len(message.positions) + 1) // 2 :]
    inserted = fetched(
        connection,
        "INSERT INTO messages (delivery_id, number, nonce, form, refusal, server_errors)"
        " SELECT delivery_id, (SELECT max(number) + 1 FROM messages WHERE delivery_id = ?1), ?2, form, refusal,"
        " server_errors FROM messages WHERE delivery_id = ?1 AND number = ?3 RETURNING number",
        (delivery_id, nonce, message.number),
    )
    for (number,) in inserted:  # none, when it was forgotten meanwhile
        connection.execute(
            "UPDATE highlights SET message = ? WHERE delivery_id = ? AND position IN (SELECT value FROM json_each(?))",
            (number, delivery_id, json.dumps(half)),
        )


def skip(connection: sqlite3.Connection, delivery_id: int, refused: Iterable[Message]) -> None:
    """Take the `refused` messages out of the delivery, and note that their papers are not to come again.

    One that has arrived after all stays: whoever calls may have read it before.
    """
    for message in refused:
        which = (delivery_id, message.number)
        gone = connection.execute(
            "DELETE FROM messages WHERE delivery_id = ? AND number = ? AND message_id IS NULL", which
        )
        if not gone.rowcount:
            continue
        connection.execute(
            "INSERT INTO refused_papers (subscription_id, paper_id, delivery_id, refusal)"
            " SELECT subscription_id, paper_id, delivery_id, ? FROM highlights WHERE delivery_id = ? AND message = ?"
            " ON CONFLICT DO NOTHING",
            (message.refusal, *which),
        )
        connection.execute("DELETE FROM highlights WHERE delivery_id = ? AND message = ?", which)
