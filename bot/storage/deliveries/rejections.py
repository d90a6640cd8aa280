"""What rejections change in the database: simpler forms, split messages, skipped papers. Within a transaction."""

import json
from collections.abc import Iterable

from bot.storage.connection import Connection, fetch_all
from bot.storage.deliveries.values import Message, MessageForm

_MAX_ATTEMPTS_COUNTED = 2  # the wait grows with failed attempts; a simpler form is worth trying sooner


def simplify_message(connection: Connection, delivery_id: int, number: int, form: MessageForm, error_code: int) -> None:
    """Change the form of a message that is known not to exist.

    One server error less is counted, so one more is enough for the next form.
    """
    connection.execute(
        "UPDATE messages SET form = ?, error_code = ?, attempted_at = NULL, searched_until = NULL,"
        " server_errors = CASE WHEN form = 'refused' THEN server_errors ELSE max(server_errors - 1, 0) END"
        " WHERE delivery_id = ? AND number = ?",
        (form, error_code, delivery_id, number),
    )
    connection.execute(
        "UPDATE deliveries SET attempts = min(attempts, ?) WHERE id = ?", (_MAX_ATTEMPTS_COUNTED, delivery_id)
    )


def split_message(connection: Connection, delivery_id: int, message: Message, nonce: str) -> None:
    """Move the second half of what `message` shows into a new message, with the form that `message` has by now."""
    middle = (len(message.positions) + 1) // 2
    inserted = fetch_all(
        connection,
        "INSERT INTO messages (delivery_id, number, nonce, form, error_code, server_errors)"
        " SELECT delivery_id, (SELECT max(number) + 1 FROM messages WHERE delivery_id = :delivery), :nonce, form,"
        " error_code, server_errors FROM messages WHERE delivery_id = :delivery AND number = :number RETURNING number",
        {"delivery": delivery_id, "nonce": nonce, "number": message.number},
    )
    for (number,) in inserted:  # none if the server's data was deleted meanwhile
        connection.execute(
            "UPDATE highlights SET message = ? WHERE delivery_id = ? AND position IN"
            " (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (number, delivery_id, json.dumps(message.positions[middle:])),
        )


def skip_papers(connection: Connection, delivery_id: int, rejected: Iterable[Message]) -> None:
    """Take the rejected messages out of the delivery, and record that their papers must not come again.

    A message that has arrived since it was read stays.
    """
    for message in rejected:
        key = (delivery_id, message.number)
        deleted = connection.execute(
            "DELETE FROM messages WHERE delivery_id = ? AND number = ? AND message_id IS NULL", key
        )
        if not deleted.rowcount:
            continue
        connection.execute(
            "INSERT INTO rejected_papers (subscription_id, paper_id, delivery_id, error_code)"
            " SELECT subscription_id, paper_id, delivery_id, ? FROM highlights WHERE delivery_id = ? AND message = ?"
            " ON CONFLICT DO NOTHING",
            (message.error_code, *key),
        )
        connection.execute("DELETE FROM highlights WHERE delivery_id = ? AND message = ?", key)
