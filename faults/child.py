"""A life of the bot in the kill storm: a process of its own, forked from one that has imported everything already."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import bot.__main__
from tests.support import crashing

LOG = "life.log"


def live(folder: Path, environment: Mapping[str, str]) -> None:
    """`paperboy run` in `folder`, until it is told to stop or killed; all it says goes into a file there."""
    os.chdir(folder)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(environment)
    sys.argv[1:] = ["run"]
    with patch.object(bot.__main__, "load_encoder", lambda: None):  # it takes seconds, and delivers nothing
        crashing.main()
