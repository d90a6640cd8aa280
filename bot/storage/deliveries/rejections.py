"""What Discord refuses, in rows: simpler forms, halves, and papers that are skipped. Within a transaction."""

import json
import sqlite3
from collections.abc import Iterable

from bot.storage.database import fetch_all
from bot.storage.deliveries.values import Message, MessageForm

_PATIENCE = 2  # failed attempts, which set the wait before the next: a simpler form is tried sooner than the same again


def simplify_message(
    connection: sqlite3.Connection, delivery_id: int, number: int, form: MessageForm, error_code: int
) -> None:
    """Change the form of a message that is known not to exist. One more server error is enough for the next form."""
    connection.execute(
        "UPDATE messages SET form = ?, error_code = ?, attempted_at = NULL, searched_until = NULL,"
        " server_errors = CASE WHEN form = 'refused' THEN server_errors ELSE max(server_errors - 1, 0) END"
        " WHERE delivery_id = ? AND number = ?",
        (form, error_code, delivery_id, number),
    )
    connection.execute("UPDATE deliveries SET attempts = min(attempts, ?) WHERE id = ?", (_PATIENCE, delivery_id))


def split_message(connection: sqlite3.Connection, delivery_id: int, message: Message, nonce: str) -> None:
    """Move the second half of what `message` shows into a new message, which is as it is by now."""
    half = message.positions[(len(message.positions) + 1) // 2 :]
    inserted = fetch_all(
        connection,
        "INSERT INTO messages (delivery_id, number, nonce, form, error_code, server_errors)"
        " SELECT delivery_id, (SELECT max(number) + 1 FROM messages WHERE delivery_id = ?1), ?2, form, error_code,"
        " server_errors FROM messages WHERE delivery_id = ?1 AND number = ?3 RETURNING number",
        (delivery_id, nonce, message.number),
    )
    for (number,) in inserted:  # none, when it was forgotten meanwhile
        connection.execute(
            "UPDATE highlights SET message = ? WHERE delivery_id = ? AND position IN (SELECT value FROM json_each(?))",
            (number, delivery_id, json.dumps(half)),
        )


def skip_papers(connection: sqlite3.Connection, delivery_id: int, refused: Iterable[Message]) -> None:
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
            "INSERT INTO rejected_papers (subscription_id, paper_id, delivery_id, error_code)"
            " SELECT subscription_id, paper_id, delivery_id, ? FROM highlights WHERE delivery_id = ? AND message = ?"
            " ON CONFLICT DO NOTHING",
            (message.error_code, *which),
        )
        connection.execute("DELETE FROM highlights WHERE delivery_id = ? AND message = ?", which)
