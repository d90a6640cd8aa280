"""`/following`: what one follows, when it comes, and what is muted, each of which one can change."""

import pytest

from bot.refusals import Refusal
from bot.storage import How, Muted, MutedKind
from tests.support.builders import explain
from tests.support.following import ask, bring_digest, follow, get_following
from tests.support.messages import answer, button_labels, custom_ids, message_of, options
from tests.support.panel import read_modal
from tests.support.papers_server import Papers
from tests.support.server import Server, stale_button, stale_select


async def test_who_follows_nothing_learns_how_to_begin(library: Server) -> None:
    shown = await library.member.slash(library.general, "following")
    assert answer(shown).startswith("## You follow nothing yet")
    assert button_labels(message_of(shown)) == ["Follow something", "Inbox"]
    asked = await library.member.click(message_of(shown), label="Follow something")
    typed = {"query": "tag:video", "how": ["daily"], "time": "", "timezone": ""}
    preview = await library.member.submit_modal(asked, typed)
    assert "### Follow `tag:video`?" in answer(preview)


async def test_it_shows_what_each_query_brought_and_when_the_next_digest_comes(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "author:lecun")
    await follow(library, library.member, "tag:nothing", click="Weekly instead")
    await bring_digest(library, papers_server)
    told = await ask(library, library.member, "following")
    assert "- `author:lecun` · daily · brought 6 papers in 30 days" in told
    assert "- `tag:nothing` · weekly · nothing came in 30 days" in told
    assert "**Every day at 09:00, UTC time.** It is 10:00 there now. Next digest" in told
    assert (await ask(library, library.admin, "following")).startswith("## You follow nothing yet")


async def test_how_it_comes_is_changed_and_one_query_is_stopped_and_followed_again(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    await follow(library, library.member, "tag:agents")
    shown = await library.member.slash(library.general, "following")
    first, _ = options(message_of(shown), "following:one")
    one = await library.member.select(message_of(shown), [first], custom_id="following:one")
    assert answer(one).startswith("### `tag:video`\nComes daily.")
    await library.member.select(message_of(one), ["at once"], custom_id=f"following:how:{first}")
    known = await get_following(library, library.member)
    assert [each.how for each in known.queries] == [How.AT_ONCE, How.DAILY]
    stopped = await library.member.click(message_of(one), label="Stop this")
    assert "**Stopped `tag:video`.** It no longer comes." in answer(stopped)
    assert [each.query for each in (await get_following(library, library.member)).queries] == ["tag:agents"]
    await library.member.click(message_of(stopped), label="Undo")
    known = await get_following(library, library.member)
    assert [(each.query, each.how) for each in known.queries] == [
        ("tag:agents", How.DAILY),
        ("tag:video", How.AT_ONCE),
    ]


async def test_stopping_all_asks_first_and_is_undone_by_a_click(library: Server) -> None:
    for query in ("tag:video", "tag:agents", 'author:"Emmy Noether" -tag:' + "very-long-" * 9):
        await follow(library, library.member, query)
    before = [(each.query, each.how) for each in (await get_following(library, library.member)).queries]
    shown = await library.member.slash(library.general, "following")
    asked = await library.member.click(message_of(shown), label="Stop all")
    assert "You follow 3 queries." in answer(asked)
    kept = await library.member.click(message_of(asked), label="Keep it")
    assert answer(kept).startswith("## What you follow")
    asked = await library.member.click(message_of(kept), label="Stop all")
    stopped = await library.member.click(message_of(asked), label="Stop all")
    assert (await get_following(library, library.member)).followed == ()
    await library.member.click(message_of(stopped), label="Undo")
    assert [(each.query, each.how) for each in (await get_following(library, library.member)).queries] == before


async def test_the_weekdays_are_picked(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    shown = await library.member.slash(library.general, "following")
    changed = await library.member.select(message_of(shown), ["0", "2"], custom_id="following:weekdays")
    assert "**Every Monday and Wednesday at 09:00, UTC time.**" in answer(changed)


async def test_a_mistyped_time_is_kept_until_it_is_right(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    shown = await library.member.slash(library.general, "following")
    asked = await library.member.click(message_of(shown), label="Time and zone")
    assert read_modal(asked) == {"time": "09:00", "timezone": "UTC"}
    told = await library.member.submit_modal(asked, {"time": "half nine", "timezone": "Berlinn"})
    assert explain(Refusal.TIME_UNCLEAR) in answer(told)
    again = await library.member.click(message_of(told), label="Correct it")
    assert read_modal(again) == {"time": "half nine", "timezone": "Berlinn"}
    told = await library.member.submit_modal(again, {"time": "8:30", "timezone": "Berlinn"})
    changed = await library.member.click(message_of(told), label="Use Berlin")
    assert "**Every day at 08:30, Berlin time.** It is 09:00 there now." in answer(changed)


async def test_a_long_zone_that_nobody_knows_is_kept_too(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    shown = await library.member.slash(library.general, "following")
    asked = await library.member.click(message_of(shown), label="Time and zone")
    typed = {"time": "9:00", "timezone": "x" * 100}
    told = await library.member.submit_modal(asked, typed)
    assert read_modal(await library.member.click(message_of(told), label="Correct it")) == typed


async def test_what_is_muted_is_shown_and_undone(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    follower = library.bot.services.follower
    for number in range(30):
        await follower.mute(
            library.member.id, Muted(MutedKind.TAG, f"topic *{number}*"), library.clock.advance(seconds=1)
        )
    told = await ask(library, library.member, "following")
    assert "**Less of** the tag *topic \\*0\\**," in told
    assert told.endswith("and 22 more.")
    shown = await library.member.slash(library.general, "following")
    muted = await library.member.click(message_of(shown), label="Less of… (30)")
    later = await library.member.click(message_of(muted), label="Next")
    keys = options(message_of(later), "following:unmute:2")
    assert len(keys) == 5
    undone = await library.member.select(message_of(later), [keys[0]], custom_id="following:unmute:2")
    assert "Undone: the tag *topic \\*25\\** may come again." in answer(undone)
    assert len((await get_following(library, library.member)).muted) == 29


@pytest.mark.parametrize(
    "custom_id",
    [
        "following:nothing",
        "following:one:999",
        "following:stop:999",
        "following:stop",
        "following:how:999:daily",
        "following:weekdays:9",
        "following:unmute:1:zz",
        "stop:one:999",
        "stop:undo:[1]",
        "stop:undo:{}",
        "stop:undo:null",
        "request:see-x:||tag:video",
        "inbox:on:monthly",
        "inbox:size:99",
        "mute:nothing",
        "less:zz",
        "clock:following:use:9:00|Nowhere",
    ],
)
async def test_whatever_a_forged_button_says_nothing_of_anybody_changes(library: Server, custom_id: str) -> None:
    await follow(library, library.member, "tag:video")
    before = await get_following(library, library.member)
    for person in (library.member, library.admin):
        told = answer(await person.click(stale_button(library, custom_id), custom_id=custom_id))
        assert told
        assert "went wrong on my side" not in told
    assert await get_following(library, library.member) == before
    assert (await get_following(library, library.admin)).followed == ()


async def test_another_persons_button_changes_nothing_of_theirs(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    (only,) = (await get_following(library, library.member)).queries
    for custom_id in (f"following:stop:{only.id}", f"stop:one:{only.id}", "stop:all", "stop:all:ab", "following:ask"):
        assert answer(await library.admin.click(stale_button(library, custom_id), custom_id=custom_id))
    picked = stale_select(library, f"following:how:{only.id}", "weekly")
    assert explain(Refusal.FOLLOWED_GONE) in answer(
        await library.admin.select(picked, ["weekly"], custom_id=f"following:how:{only.id}")
    )
    assert (await get_following(library, library.member)).queries == (only,)
    assert custom_ids(picked) == [f"following:how:{only.id}"]
