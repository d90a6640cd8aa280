"""How much memory is left, so that a large model does not have the whole bot killed."""

from contextlib import suppress
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")  # of a container; a systemd unit's limit is not looked at
KILOBYTE = 1024


def measure_free_memory() -> int | None:
    """In bytes; None where that cannot be told."""
    free = None
    with suppress(OSError, ValueError):
        line = next(each for each in _MEMINFO.read_text(encoding="ascii").splitlines() if each.startswith("MemAvail"))
        free = int(line.split()[1]) * KILOBYTE
    with suppress(OSError, ValueError):  # "max" is no number
        limit, used = (int((_CGROUP / f"memory.{each}").read_text(encoding="ascii")) for each in ("max", "current"))
        free = min(free, limit - used) if free is not None else limit - used
    return free
