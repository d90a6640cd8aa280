"""One process of the bot for `bench.shards`: the real command line, without the extra `semantic`.

`python -m bench.sharded SPACING` leaves so many seconds between two identifies, instead of Discord's five.
"""

import sys
from unittest.mock import patch

import bot.__main__
import bot.service
from bot import identifying


def main() -> None:
    identifying.SPACING = float(sys.argv[1])
    sys.argv[1:] = ["run"]
    with patch.object(bot.service, "load_encoder", lambda: None):
        bot.__main__.main()


if __name__ == "__main__":
    main()
