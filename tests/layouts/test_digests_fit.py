"""Whatever its papers hold, a digest stays within Discord's limits and keeps its titles."""

import json
import re

import pytest
from hypothesis import given

from bot.digest import Digest
from bot.layouts.card import render_paper_card
from bot.layouts.digest import (
    get_digest_thread_name,
    get_paper_thread_name,
    render_digest_preview,
)
from bot.layouts.subscription_views import render_preview
from bot.lookups.finder import PaperDetails
from bot.papers.entry import read_list_entry
from bot.storage import Subscription, SubscriptionState
from bot.subscription.schedule import Cadence, Run
from bot.subscription.settings import DigestLayout, DigestSettings
from tests.support.any_paper import all_settings, build_digest, digests, pings, within_seconds
from tests.support.builders import DAY, MORNING, build_settings, digest_message, entry, highlight_message
from tests.support.layouts import CARDS, COMPACT, NONCE, check, components_of, digest_of, ten
from tests.support.markdown import visible


@within_seconds
@given(digests, all_settings, pings)
async def test_a_digest_fits_a_message_whatever_its_papers_hold(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    texts = check(digest_message(digest, settings, NONCE, ping=ping))
    assert texts[0] == f"<@&{ping}>" if ping else not texts[0].startswith("<")
    heading, *blocks = texts[bool(ping) :]
    assert heading.startswith(("# Daily Papers\n", "# Weekly recap\n", "# Monthly recap\n"))
    if settings.posting.layout is DigestLayout.COMPACT:
        return
    assert len(blocks) == len(digest.highlights)
    for highlight, block in zip(digest.highlights, blocks, strict=True):
        assert f"▲ **{highlight.upvotes:,}**" in block
        assert ("rising since" in block) == highlight.is_riser


@within_seconds
@given(digests, all_settings, pings)
async def test_a_digest_shortens_no_title_to_nonsense(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    text = "\n".join(check(digest_message(digest, settings, NONCE, ping=ping)))
    titles = re.findall(
        r"^(?:### |-# \*\*)\d+\.(?:\*\*)? (.*\]\(https://huggingface.co/papers/2601\..*)$", text, re.MULTILINE
    )
    for highlight, title in zip(digest.highlights, titles, strict=True):
        assert len(visible(title)) >= min(20, len(highlight.paper.name))


@within_seconds
@given(digests, all_settings, pings)
async def test_a_highlights_own_message_fits_whatever_its_paper_holds(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    number = len(digest.highlights)
    texts = check(highlight_message(digest, number, settings, NONCE, ping=ping))
    heading, block, *_ = texts[bool(ping) :]
    assert heading.endswith(f" · {number} of {number}")
    assert f"](https://huggingface.co/papers/2601.{number:05})" in block


@within_seconds
@given(digests, all_settings)
async def test_a_preview_fits_a_message_whatever_its_papers_hold(digest: Digest, settings: DigestSettings) -> None:
    view = render_digest_preview(digest, settings)
    assert "Only you can see this preview" in check(view)[0]
    assert NONCE not in str(components_of(view))
    assert "<@&" not in re.sub(r"\\.", "", "".join(check(view)))
    known = Subscription(2**63, 2**63, settings, SubscriptionState.ACTIVE, None, Run(DAY, MORNING), revision=0)
    with_buttons = render_preview(known, digest, extra_number=1)
    assert check(with_buttons) == check(view)


@within_seconds
@given(digests, all_settings)
def test_a_thread_has_a_name_that_fits_whatever_its_paper_is_called(digest: Digest, settings: DigestSettings) -> None:
    for name in (get_digest_thread_name(digest, settings), get_paper_thread_name(digest.highlights[-1].paper)):
        assert 1 <= len(name.strip()) <= 100


async def test_ten_of_the_longest_real_papers_keep_their_whole_titles() -> None:
    """The longest real title has 175 characters, the most authors are 664."""
    title = "A Title of Many Words " * 7 + "Which Ends At Last!!!"
    longest = read_list_entry(
        entry(
            "2601.00001",
            title=title,
            summary="It says a lot of things. " * 80,
            authors=[{"name": f"Author {n}"} for n in range(664)],
            organization={"fullname": "An Organization With A Long Name"},
            githubRepo="https://github.com/an-organization/with-a-repository-name",
            githubStars=12345,
        ),
        DAY,
    )
    assert len(title) == 175
    digest = build_digest([longest] * 10, 99, 3, [{"seen_on": DAY, "is_riser": True}] * 10)
    for settings in (build_settings(), build_settings(layout=DigestLayout.CARDS, cadence=Cadence.MONTHLY)):
        _, _, *blocks = check(digest_message(digest, settings, NONCE, ping=2**62))
        assert all(f"[{title}](" in block for block in blocks)
    assert "Author 9 + 654" in "\n".join(check(render_paper_card(PaperDetails(longest))))


def test_summaries_are_shortened_to_make_room_for_a_ping() -> None:
    shortened = []
    for length in range(150, 300):
        digest = digest_of(*ten(title="x" * length, abstract="x" * 300))
        without = check(digest_message(digest, build_settings(), NONCE))
        _, *beside_it = check(digest_message(digest, build_settings(), NONCE, ping=2**62))
        shortened.append(len("".join(beside_it)) < len("".join(without)))
    assert any(shortened)
    assert not all(shortened)


@pytest.mark.parametrize("letters", ["深層学習", "Глубина ", "👩‍👧 ", "𠀀𠀁"])
@pytest.mark.parametrize("settings", [build_settings(), COMPACT, CARDS], ids=["list", "compact", "cards"])
def test_a_digest_of_papers_in_any_script_stays_within_the_bytes_that_discord_takes(
    letters: str, settings: DigestSettings
) -> None:
    papers = ten(title=letters * 60, abstract=letters * 500, ai_summary=letters * 900, organization=letters * 20)
    digest = digest_of(*papers)
    shown = "".join(check(digest_message(digest, settings, NONCE, ping=2**62)))
    assert shown.count(letters[:1]) >= 10 * 4, "something is left of each title"
    for view in (
        digest_message(digest, settings, NONCE, ping=2**62),
        highlight_message(digest, 10, settings, NONCE, ping=2**62),
        render_paper_card(PaperDetails(papers[0])),
    ):
        assert len(json.dumps(components_of(view), ensure_ascii=False).encode()) < 10_000
