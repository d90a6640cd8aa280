"""The answer of `/help`: what the bot is, what people do with it, and where they read more."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.about import Links
from bot.layouts.paper import ACCENT, build_link_buttons, build_view
from bot.layouts.text import count_noun

_TEXT = """## Paperboy brings the day's best AI papers
Hugging Face's Daily Papers, ranked by upvotes: once, on time, in one calm message. What you can do with me:
- **Get a digest** in a channel, at the time you choose: `/digest setup`
- **Let papers come to you**, by authors, topics or examples that you follow: `/follow`, `/following` and `/inbox`
- **Find papers** by words, author, organization or date: `/paper search`
- **See what counts** today, this week or this month: `/paper today` and `/top`
- **Read on** about one paper, what is like it, and how to cite it: `/paper show`, `/paper similar`, `/paper cite`
- **Save papers** for later, with notes and tags, and export them: **Save** under any paper, and `/saved`
- **Turn a link into a card**: in the menu of any message, choose **Apps**, then **Papers in this message**
- **Look after your digests**, and ask why a paper came or didn't: `/digest status` and `/digest why`"""


def render_help(*, version: str, servers: int, invite: str | None, links: Links, in_server: bool) -> LayoutView:
    """What the bot is, what to begin with, and the links that are known. `in_server`: digests can be set up there."""
    foot = f"-# Version {version} · in {count_noun(servers, 'server')} · `/privacy about` says what I store"
    buttons: list[Button[LayoutView]] = []
    if in_server:
        buttons.append(Button(label="Set up a digest", style=ButtonStyle.primary, custom_id="setup:new"))
    buttons.append(Button(label="Follow something", custom_id="follow:new"))
    urls = {"Add to a server": invite, "Guide": links.docs, "Source code": links.source, "Privacy": links.privacy}
    rows = [ActionRow(*each) for each in (buttons, [*build_link_buttons(urls)]) if each]
    return build_view(Container(TextDisplay(_TEXT), *rows, TextDisplay(foot), accent_colour=ACCENT))
