"""The example in the guide for operators is what `paperboy doctor` really prints."""

import re

import discord

from tests.support.doctor import SetUp
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "operating.md"


def level(printed: str) -> str:
    """What is printed, without what depends on the day and the machine."""
    days = re.sub(r"\w+day \d+ \w+ \d{4}", "DAY", printed)
    sizes = re.sub(r"\d[\d.,]* (?:bytes|[kMG]B)\b", "SIZE", days)
    return re.sub(r"(?<=version )\w+|\d{1,3}(?= minutes? ago)", "N", sizes)


async def test_the_example_in_the_guide_is_what_the_doctor_prints(set_up: SetUp) -> None:
    set_up.guild.papers.denied = discord.Permissions(send_messages=True)
    set_up.wire.application["approximate_guild_count"] = 1
    (set_up.folder / ".env").chmod(0o644)
    code, printed, _ = await set_up.run_command("doctor")
    (example,) = re.findall(r"```text\n\$ paperboy doctor\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    printed = printed.replace(str(set_up.folder), "/var/lib/paperboy")
    assert code == 1
    assert level(example) == level(printed), f"put this into {PAGE.name}:\n{printed}"
