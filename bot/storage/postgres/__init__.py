"""The second engine: a PostgreSQL that several processes share. Nothing else imports psycopg."""

from bot.storage.postgres.database import PostgresDatabase

__all__ = ["PostgresDatabase"]
