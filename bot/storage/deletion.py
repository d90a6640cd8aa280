"""Deleting subscriptions with everything that belongs to them, within a transaction."""

from bot.storage.connection import Connection


def delete_subscriptions(connection: Connection, whose: str, owner_id: int) -> None:
    """Delete all subscriptions of one owner; `whose` is the column with the owner: `guild_id` or `user_id`."""
    these = f"(SELECT id FROM subscriptions WHERE {whose} = ?)"
    deliveries = f"(SELECT id FROM deliveries WHERE subscription_id IN {these})"
    for statement in (
        f"DELETE FROM highlights WHERE subscription_id IN {these}",
        f"DELETE FROM rejected_papers WHERE subscription_id IN {these}",
        f"DELETE FROM messages WHERE delivery_id IN {deliveries}",
        f"DELETE FROM deliveries WHERE subscription_id IN {these}",
        f"DELETE FROM past_runs WHERE subscription_id IN {these}",
        f"DELETE FROM digest_settings WHERE subscription_id IN {these}",
        f"DELETE FROM drafts WHERE subscription_id IN {these}",
        f"DELETE FROM audit_log WHERE subscription_id IN {these}",
        f"DELETE FROM notices WHERE subscription_id IN {these}",
        f"DELETE FROM restored_subscriptions WHERE subscription_id IN {these}",
        f"DELETE FROM found_messages WHERE subscription_id IN {these}",
        f"DELETE FROM subscriptions WHERE {whose} = ?",
    ):
        connection.execute(statement, (owner_id,))


def mark_for_rewriting(connection: Connection) -> None:
    """Have the file rewritten in the following night, so that no trace of what was deleted is left in it."""
    connection.execute("INSERT INTO traces DEFAULT VALUES")
