"""What strangers wrote in a title or a link is harmless."""

import re

import pytest
from discord.ui import TextDisplay

from bot.digest import Digest, Highlight
from bot.papers import Paper
from bot.subscription.settings import DigestLayout
from tests.support.any_paper import read_paper
from tests.support.builders import DAY, build_settings, digest_message, highlight_message, paper
from tests.support.layouts import NONCE, check, digest_of
from tests.support.markdown import links, visible


def test_a_repository_cannot_smuggle_a_link_of_its_own_into_a_digest() -> None:
    url = "https://github.com/a/b)**[Free_Nitro](https://evil.example/x"
    (repository,) = re.findall(r"\[code\]\((.*?)\)", str(read_texts_of(read_paper(githubRepo=url))))
    assert repository.startswith("https://github.com/a/b%29")
    assert "](https://evil" not in read_texts_of(read_paper(githubRepo=url))


def read_texts_of(paper: Paper) -> str:
    view = digest_message(Digest(DAY, (DAY,), 1, (Highlight(1, paper, 1, 1),)), build_settings(), NONCE)
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, TextDisplay))


@pytest.mark.parametrize(
    "title",
    [
        "**bold** _it_ ~~gone~~ ||spoiler|| `code` # heading > quote",
        "@everyone <@1> <@&2> <#3> </digest add:4> <t:5:R>",
        "](https://evil.example) [x](https://evil.example)",
        "https://evil.example/_x_ is not a title",
        "- not a list",
        "\\\\ \\[ \\] ``` $\\alpha_i$",
    ],
)
@pytest.mark.parametrize("layout", DigestLayout)
def test_a_strangers_title_is_harmless_in_every_layout(layout: DigestLayout, title: str) -> None:
    digest, settings = digest_of(paper("2601.00001", title=title, ai_summary=title)), build_settings(layout=layout)
    for view in (digest_message(digest, settings, NONCE), highlight_message(digest, 1, settings, NONCE)):
        _, block, *rest = check(view)
        shown, *other_lines = block.split("\n")
        line = re.sub(r" ▲\s0$", "", visible(shown))
        name = paper("2601.00001", title=title).name
        assert re.sub(r"^(### 1\.|-# \*\*1\.\*\*) ", "", line).removesuffix(" →").startswith(name[:20])
        ((label, url),) = links(shown)
        assert url == "https://huggingface.co/papers/2601.00001"
        assert not re.search(r"[\\*_~`|<>]", label)
        assert "://" not in shown.replace(url, "")
        live = re.sub(r"\\.", "", "\n".join([shown.replace(f"]({url})", ""), *other_lines, *rest]))
        assert not re.search(r"@everyone|<|`|~~|\|\||\]\(|^- ", live, re.MULTILINE)
