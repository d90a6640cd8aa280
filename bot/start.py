"""The program `paperboy`.

A health check comes every half a minute, and loading all commands takes a second of processor time. So the check is
started without the others.
"""

import signal
import sys
from collections.abc import Callable


def main() -> None:
    """Run the command line."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # else nobody wants to hear of Ctrl-C, such as in a script's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while it loads, Ctrl-C ends it without a traceback
    run = _load_program()
    signal.signal(signal.SIGINT, heard)
    run()


def _load_program() -> Callable[[], None]:
    if sys.argv[1:2] == ["health"]:
        from bot.command_line.health import run_alone  # noqa: PLC0415  # it loads little

        return run_alone
    from bot.__main__ import main as run_any_command  # noqa: PLC0415  # it loads everything

    return run_any_command


if __name__ == "__main__":
    main()
