"""The texts by which the bot presents itself on Discord: see `bot.brand`. The README has them for the portal."""

from collections.abc import Mapping

from bot.brand import Part

NAME = "Paperboy"
TAG_LINE = "The day's best AI papers, once, on time, in one calm message."
DESCRIPTION = """The day's best AI papers in your server: one calm message, from Hugging Face's Daily Papers.

- Choose the channel, the time and the topics: /digest setup
- Let what you follow come to you, by author or topic: /follow
- Find past papers by words, author or organization: /paper search
- See the best of a week or a month: /top

It reads no messages and pings no one unless you choose a role."""
TAGS = ("AI", "machine learning", "news", "papers", "research")
STATUS = "/help · the day's best AI papers"


def join_tags(tags: tuple[str, ...] | list[str]) -> str:
    """Tags as one text. Their order means nothing."""
    return ", ".join(sorted(tags, key=str.casefold))


TEXTS: Mapping[Part, str] = {
    Part.NAME: NAME,
    Part.DESCRIPTION: DESCRIPTION,
    Part.TAGS: join_tags(TAGS),
    Part.STATUS: STATUS,
}
