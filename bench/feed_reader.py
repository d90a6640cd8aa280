"""Asks a port for pages as a feed reader does, one after the other, in a process of its own.

`python -m bench.feed_reader PORT TIMES PATH…` prints the milliseconds from connecting to the last byte, by path.
"""

import json
import socket
import sys
import time

from bench.feeds import LOCAL
from bench.figures import Stopwatch

BETWEEN = 0.04  # seconds between two requests, which is below the limit


def main() -> None:
    port, times, paths = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    taken: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(times):
        for path in paths:
            with Stopwatch() as watch:
                _ask(port, path)
            taken[path].append(watch.ms)
            time.sleep(BETWEEN)
    print(json.dumps(taken))


def _ask(port: int, path: str) -> None:
    with socket.create_connection((LOCAL, port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {LOCAL}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        status = connection.recv(2**16).split(b" ", 2)[1]
        assert status == b"200", status
        while connection.recv(2**16):
            pass


if __name__ == "__main__":
    main()
