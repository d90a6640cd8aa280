"""What whoever runs the bot reads, in the log and elsewhere, while it runs."""

from datetime import timedelta

from bot.layouts.measures import format_duration

# In `systemctl status`
WAITING_FOR_DATABASE = "waiting for the database"
LOGGING_IN, RUNNING = "logging in to Discord", "running"
STOPPING = "stopping: what is under way is sent first"

_SIGNS = {
    "loop": "the event loop has been stuck for {time}",
    "tick": "no tick has ended for {time}",
    "stop": "stopping has taken {time}",
}


def describe_standby(shard: int) -> str:
    """Why the start waits."""
    return f"shard {shard} is held by another process: waiting as a standby"


def describe_hang(sign: str, seconds: float) -> str:
    """Why the watchdog ends the process."""
    time = format_duration(timedelta(seconds=seconds))
    return f"{_SIGNS[sign].format(time=time)}: Paperboy ends itself, so that it can be started again"
