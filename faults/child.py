"""A run of the bot in the kill storm: its own process, forked from one that has already imported everything."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

import bot.__main__
import bot.service
from tests.support import crashing

LOG = "life.log"


def live(folder: Path, environment: Mapping[str, str]) -> None:
    """`paperboy run` in `folder`, until it is stopped or killed; its output goes into a file there."""
    os.chdir(folder)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(environment)
    sys.argv[1:] = ["run"]
    with patch.object(bot.service, "load_encoder", lambda: None):  # it takes seconds, and delivery doesn't use it
        crashing.main()
