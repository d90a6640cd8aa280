"""Opening the panel: the whole subscription as a sentence, with sensible choices where nothing is chosen yet."""

import asyncio
from typing import Any

import discord
import pytest
from simcord import interactions

from bot.editing import drafts as drafting
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.messages import answer, options
from tests.support.panel import MAIN_PARTS, NEW_YORK, Panel, open_panel
from tests.support.server import (
    Server,
    delete,
    forbid_everybody,
)


def speak(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """Set the language of everybody's Discord."""
    plain = interactions.base_payload

    def localised(*args: Any, **known: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(*args, **known)
        return record, payload | {"locale": locale}

    monkeypatch.setattr(interactions, "base_payload", localised)


async def test_a_new_panel_shows_the_whole_subscription_as_a_sentence(panel: Panel) -> None:
    here = f"<#{panel.server.general.id}>"
    assert f"**Every day at 09:00 {NEW_YORK}, the top 5 papers in {here}.**" in panel.text
    assert "Next digest <t:1768572000:f> (<t:1768572000:R>)." in panel.text
    assert "Last week had 7 papers to choose from." in panel.text
    assert "Nothing is posted or changed until you save." in panel.text
    assert "⚠️" not in panel.text
    assert panel.parts == MAIN_PARTS


async def test_a_new_panel_shows_what_is_chosen_in_every_select(panel: Panel) -> None:
    assert panel.defaults("channel_id") == [str(panel.server.general.id)]
    assert panel.defaults("cadence") == ["daily"]
    assert panel.defaults("weekdays") == [*"0123456"]
    assert panel.defaults("size") == ["5"]
    assert panel.defaults("layout") == ["list"]
    assert panel.select("channel_id")["channel_types"] == [0, 5, 15]


async def test_opening_a_panel_changes_nothing_that_is_posted(server: Server) -> None:
    before = server.tables()
    await open_panel(server)
    after = server.tables()
    assert [name for name in after if after[name] != before[name]] == ["drafts"]


@pytest.mark.parametrize(("locale", "timezone"), [("de", "Europe/Berlin"), ("ja", "Asia/Tokyo"), ("xx", "UTC")])
async def test_the_time_zone_is_guessed_from_the_language_of_discord(
    server: Server, monkeypatch: pytest.MonkeyPatch, locale: str, timezone: str
) -> None:
    speak(monkeypatch, locale)
    assert f"at 09:00 {timezone}," in (await open_panel(server)).text


async def test_a_guessed_time_zone_says_so_and_shows_its_clock(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "de")
    opened = await open_panel(server)
    assert (
        "🕘 **Berlin**, guessed from your Discord language. It is 09:00 there now. *Time and zone* changes it."
        in opened.text
    )
    assert options(opened.message, opened.id_of("timezone"))[:2] == ["Europe/Vienna", "Europe/Zurich"]
    descriptions = [each["description"] for each in opened.select("timezone")["options"]]
    assert set(descriptions) == {"09:00 now"}
    await opened.pick("timezone", "Europe/Vienna")
    assert "🕘 It is 09:00 in Vienna now." in opened.text
    assert "guessed" not in opened.text
    assert "timezone" not in opened.parts


async def test_a_guess_that_was_typed_is_one_no_more_and_an_untouched_one_still_is(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="8:00", timezone=NEW_YORK)
    assert "🕘 **New York**, guessed from your Discord language. It is 03:00 there now." in panel.text
    await panel.type_in("Time and zone", time="8:00", timezone="New York")
    assert "🕘 It is 03:00 in New York now." in panel.text


async def test_a_language_that_nothing_is_known_of_begins_with_utc_and_says_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, "xx")
    assert "🕘 **UTC**, until you choose a time zone. It is 08:00 there now." in (await open_panel(server)).text


async def test_the_sentence_and_the_next_digest_are_the_last_words_above_save(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="after:someday", min_upvotes="10000")
    *_, sentence, upcoming, unsaved = panel.text.splitlines()
    assert sentence.startswith(f"**Every day at 09:00 {NEW_YORK}, the top 5 papers with at least 10,000 upvotes in")
    assert upcoming.startswith("Next digest <t:")
    assert unsaved == "-# Nothing is posted or changed until you save."


async def test_where_the_bot_may_not_post_the_panel_offers_a_channel_where_it_may(server: Server) -> None:
    forbid_everybody(server, server.general, "send_messages")
    opened = await open_panel(server)
    assert f"in <#{server.papers.id}>" in opened.text
    assert "⚠️" not in opened.text


async def test_where_the_bot_may_post_nowhere_the_panel_says_what_it_lacks(server: Server) -> None:
    forbid_everybody(server, server.general, "send_messages")
    forbid_everybody(server, server.papers, "send_messages")
    opened = await open_panel(server)
    assert f"⚠️ I'm missing **Send Messages** in <#{server.general.id}>. Open the channel's settings" in opened.text


async def test_a_panel_opened_in_a_thread_is_for_its_channel(server: Server) -> None:
    channel = server.bot.get_channel(server.general.id)  # not the first one, which would be offered anyway
    assert isinstance(channel, discord.TextChannel)
    await channel.create_thread(name="A thread", type=discord.ChannelType.public_thread)
    await server.env.settle()
    (thread,) = server.general.threads
    result = await server.admin.slash(thread, "digest setup")
    assert f"in <#{server.general.id}>" in answer(result)


async def test_a_server_without_channels_to_post_in_gets_an_explanation(server: Server) -> None:
    voice = server.guild.create_voice_channel("talk")
    await delete(server, server.papers.id)
    await delete(server, server.general.id)
    assert answer(await server.admin.slash(voice, "digest setup")) == explain(Refusal.NO_CHANNELS)


async def test_a_server_with_only_a_forum_is_offered_the_forum(server: Server) -> None:
    voice = server.guild.create_voice_channel("talk")
    forum = server.guild.create_forum_channel("reading")
    await delete(server, server.papers.id)
    await delete(server, server.general.id)
    assert f"in <#{forum.id}>" in answer(await server.admin.slash(voice, "digest setup"))


async def test_with_an_empty_archive_the_panel_says_that_it_knows_no_papers(server: Server) -> None:
    assert "The archive has no papers from last week yet." in (await open_panel(server)).text


async def test_the_panel_still_works_when_the_papers_cannot_be_counted(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: Any) -> None:
        raise PapersUnavailable(Reason(ReasonKind.INDEX_BEHIND))

    monkeypatch.setattr(panel.server.bot.services.composer, "count_matching_papers", unavailable)
    await panel.pick("size", "3")
    assert "I can't count last week's papers right now" in panel.text
    assert "the top 3 papers" in panel.text


async def test_when_counting_the_papers_takes_too_long_the_panel_does_not_wait(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any) -> tuple[int, int]:
        await asyncio.sleep(60)
        return 1, 2

    monkeypatch.setattr(panel.server.bot.services.composer, "count_matching_papers", slow)
    monkeypatch.setattr(drafting, "COUNT_TIMEOUT", 0.01)
    await panel.click("Threads and pings")
    assert "I can't count last week's papers right now" in panel.text
