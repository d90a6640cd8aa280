"""What strangers wrote is shown harmlessly, and pings nobody."""

import re

import pytest

from bot.demo.papers_server import PapersServer
from bot.papers.titles import replace_latex
from tests.support.builders import DAY, entry
from tests.support.markdown import links, visible
from tests.support.messages import open_details, read_texts
from tests.support.server import Server, post

HOSTILE = {
    "markdown": "**bold** _it_ __under__ ~~gone~~ ||spoiler|| `code` # heading > quote",
    "everyone": "Attention @everyone and @here, all you need",
    "mentions": "Ask <@1>, <@&2>, <#3>, </digest add:4> at <t:5:R> <:smile:6>",
    "masked link": "[Click](https://evil.example) ](https://evil.example) [here",
    "backticks": "``` a ``` b ` c",
    "latex": r"$\alpha_i \leq \beta^{*}$ and $\mathbb{R}_{+}$ \\ end",
    "bidi": "Safe \u202etxet desrever\u202c \u2066isolate\u2069 end",
    "long": "Very long titles of papers happen " * 5 + "now!!",
    "cjk": "深層学習による自然言語処理の研究" * 10,
    "url": "See https://evil.example/_x_ for more",
    "quotes": "> not a quote\n- not a list",
    "zalgo": "Z̵͓̈a̷͇͗l̸̰͝g̵͙̿o̶͎̚" * 8,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 15,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_titles_and_abstracts_are_shown_harmlessly(
    server: Server, papers_server: PapersServer, text: str
) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title=text, summary=text, authors=[{"name": text}])]}
    message = await post(server)
    card = await open_details(server.member, message, "2601.00001")
    seen = replace_latex(text)
    for shown, mark in ((read_texts(message), "### 1. "), (card, "## ")):
        assert_harmless(shown)
        (title,) = re.findall(rf"^{mark}(.*\]\(https://huggingface.co/papers/2601.00001\).*)$", shown, re.MULTILINE)
        assert visible(title).removesuffix(" →") == seen
        ((label, url),) = links(title)
        assert "://" not in label  # Discord shows no mask over a text with a URL in it
        around = title.replace(f"[{label}]({url})", label)
        assert not re.search(r"(?<!\\)[\[\]*_~`|<>#]", around.replace(r"\\", ""))


def assert_harmless(markdown: str) -> None:
    live = re.sub(r"\\.|\[posted here\]\(\S+\) on <t:\d+:D>", "", markdown)
    assert not re.search(r"@(everyone|here)|<[@#/:t]|`|~~|\|\||[\u202a-\u202e\u2066-\u2069]", live)
    assert "](https://evil" not in live


async def test_no_message_ever_pings(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="@everyone <@1> <@&2>", summary="@here")]}
    message = await post(server)
    await open_details(server.member, message, "2601.00001")
    await server.ask("paper search", query="@everyone <@1>")
    bodies = [each.json or {} for each in server.env.http_requests if each.path[:4] in {"/cha", "/int"}]
    sent = [body.get("data", body) for body in bodies]
    assert len(sent) == 4
    assert [each["allowed_mentions"] for each in sent] == [{"parse": []}] * 4
    assert not message.mention_everyone
    assert not message.raw_mentions or not message.mentions
