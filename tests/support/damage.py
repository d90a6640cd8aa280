"""A file that rots: pages of it are overwritten, as by a bad disk."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path


def damage(path: Path, *tables: str) -> None:
    """Overwrite the pages in which these tables, and the indexes over them, begin."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is in the WAL is read from there
        ((size,),) = connection.execute("PRAGMA page_size")
        among = ", ".join(f"'{table}'" for table in tables)
        pages = connection.execute(f"SELECT rootpage FROM sqlite_master WHERE tbl_name IN ({among}) AND rootpage")
        numbers = [number for (number,) in pages]
    file = os.open(path, os.O_WRONLY)
    try:
        for number in numbers:
            os.pwrite(file, random.Random(number).randbytes(size), (number - 1) * size)
    finally:
        os.close(file)


def garble_schema(path: Path) -> None:
    """Overwrite a letter of what SQLite reads before anything else, and quotes in its error, by one that is no text."""
    whole = path.read_bytes()
    garbled = whole.replace(b"INTEGER NOT", b"INTEGER\xdfNOT")
    assert garbled != whole
    path.write_bytes(garbled)
