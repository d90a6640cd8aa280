"""Paperboy without its commands: fetch, rank, compose, plan, send, record, find."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # before anything is imported that an older Python can't read
    sys.stderr.write("Paperboy needs Python 3.11 or newer, and this is {}.{}.\n".format(*sys.version_info))
    sys.exit(2)
