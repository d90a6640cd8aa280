"""Connecting to PostgreSQL so that both sides soon notice when the other one is gone."""

from collections.abc import Mapping
from typing import Any

CONNECT_TIMEOUT = 5  # seconds
# After so many seconds of silence the other side is asked, so often, so many times. That makes 11 s.
_IDLE, _INTERVAL, _COUNT = 5, 2, 3
_UNACKNOWLEDGED = 11_000  # milliseconds that something sent may stay so

CLIENT_OPTIONS: Mapping[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT,
    "keepalives": 1,
    "keepalives_idle": _IDLE,
    "keepalives_interval": _INTERVAL,
    "keepalives_count": _COUNT,
    "tcp_user_timeout": _UNACKNOWLEDGED,
}
"""For `psycopg.connect`: how the client notices that the server is gone."""

# Otherwise what a process held when its machine was cut off would stay locked for hours. The check while a statement
# waits is there since PostgreSQL 14; a limit of the server's on statements, locks or idle sessions must not end what
# has to wait or hold for long.
SERVER_SETTINGS: Mapping[str, str] = {
    "tcp_keepalives_idle": f"{_IDLE}",
    "tcp_keepalives_interval": f"{_INTERVAL}",
    "tcp_keepalives_count": f"{_COUNT}",
    "tcp_user_timeout": f"{_UNACKNOWLEDGED}",
    "client_connection_check_interval": "5000",
    "idle_session_timeout": "0",
    "statement_timeout": "0",
    "lock_timeout": "0",
}
"""For the session: how the server notices that the client is gone."""

SET_SERVER_SETTINGS = (
    "SELECT set_config(name, value, false) FROM (VALUES "
    + ", ".join(f"('{name}', '{value}')" for name, value in SERVER_SETTINGS.items())
    + ") AS wanted (name, value) WHERE EXISTS (SELECT FROM pg_settings WHERE pg_settings.name = wanted.name)"
)
"""The statement that sets them, those that the server knows."""
