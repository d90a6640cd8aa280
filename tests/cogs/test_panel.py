"""The panel of `/digest setup`: it shows a whole subscription, edits each part in place, and forgets nothing."""

import asyncio
from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest
import simcord
from simcord import interactions
from simcord.backend.errors import SetupError

from bot.channels import DESTINATION_CLASSES
from bot.channels.announcement import AnnouncementChannel
from bot.channels.destination import Destination
from bot.editing import drafts as drafting
from bot.editing.drafts import DraftStatus
from bot.layouts import panel as layout
from bot.layouts.advice import advise_admin
from bot.layouts.refusals import BUG
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Draft, SubscriptionState
from bot.storage.digest_settings import diff_settings, to_columns
from bot.storage.drafts import Drafts
from bot.storage.subscriptions import Subscriptions
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from cogs.helpers.controls import _read_typed
from tests.support.builders import DAY, MORNING, build_missing_permissions, build_settings, explain
from tests.support.discord_limits import check_message
from tests.support.messages import answer, custom_ids, options
from tests.support.panel import Panel, open_panel
from tests.support.server import Server, delete, forbid_everybody, stale_button, subscriptions

NEW_YORK = "America/New_York"
MAIN = ["channel_id", "cadence", "weekdays", "size", "layout", "time", "selection", "more", "preview", "save", "cancel"]
PARTS = [  # of both pages, as their controls' custom_ids end after something was picked
    *(
        "channel_id:1",
        "cadence:weekly",
        "weekdays:0:1",
        "timezone:UTC",
        "size:3",
        "layout:cards",
        "time",
        "selection",
        "more",
    ),
    *("preview", "save", "cancel", "threads:digest", "archive_after:60", "ping_role_id", "ping_role_id:5"),
    *("silent:on", "quiet_line:on", "allow_repeats:on", "publish:on", "pings", "back"),
]


@pytest.fixture
async def panel(server: Server) -> Panel:
    """For a new subscription, while seven papers of last week are known."""
    await server.read_lists()
    return await open_panel(server)


def another_admin(server: Server) -> simcord.MemberActor:
    role = server.guild.create_role("Admins too", permissions=discord.Permissions(manage_guild=True))
    return server.guild.add_member(server.env.create_user("emmy"), roles=[role])


def moderator(server: Server) -> simcord.MemberActor:
    """Somebody with power over messages and members, but not over the server."""
    allowed = discord.Permissions(manage_messages=True, kick_members=True, manage_channels=True, manage_roles=True)
    role = server.guild.create_role("Moderators", permissions=allowed)
    return server.guild.add_member(server.env.create_user("alan"), roles=[role])


async def begin(server: Server, actor: simcord.MemberActor, wanted: DigestSettings) -> Draft:
    return await server.bot.services.storage.drafts.add(server.guild.id, actor.id, wanted, server.clock.now)


def speak(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """Everybody's Discord is in this language."""
    plain = interactions.base_payload

    def localised(*args: Any, **known: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(*args, **known)
        return record, payload | {"locale": locale}

    monkeypatch.setattr(interactions, "base_payload", localised)


# Opening


async def test_a_new_panel_shows_the_whole_subscription_as_a_sentence(panel: Panel) -> None:
    here = f"<#{panel.server.general.id}>"
    assert f"**Every day at 09:00 {NEW_YORK}, the top 5 papers in {here}.**" in panel.text
    assert "Next digest <t:1768572000:f> (<t:1768572000:R>)." in panel.text
    assert "Last week had 7 papers to choose from." in panel.text
    assert "Nothing is posted or changed until you save." in panel.text
    assert "⚠️" not in panel.text
    assert panel.parts == MAIN


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
async def test_the_zone_is_guessed_from_the_language_of_discord(
    server: Server, monkeypatch: pytest.MonkeyPatch, locale: str, timezone: str
) -> None:
    speak(monkeypatch, locale)
    assert f"at 09:00 {timezone}," in (await open_panel(server)).text


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


async def test_in_a_server_without_channels_to_post_in_the_admin_is_told(server: Server) -> None:
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


async def test_when_the_papers_cannot_be_counted_the_panel_works_all_the_same(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: Any) -> None:
        raise PapersUnavailable(Reason(ReasonKind.INDEX_BEHIND))

    monkeypatch.setattr(panel.server.bot.services.composer, "count_matches", unavailable)
    await panel.pick("size", "3")
    assert "I can't count last week's papers right now" in panel.text
    assert "the top 3 papers" in panel.text


async def test_when_counting_the_papers_takes_too_long_the_panel_does_not_wait(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any) -> tuple[int, int]:
        await asyncio.sleep(2)
        return 1, 2

    monkeypatch.setattr(panel.server.bot.services.composer, "count_matches", slow)
    monkeypatch.setattr(drafting, "COUNT_TIMEOUT", 0.01)
    await panel.click("Threads and pings")
    assert "I can't count last week's papers right now" in panel.text


# Each control


@pytest.mark.parametrize(
    ("page", "field", "values", "expected"),
    [
        ("", "cadence", ["weekly"], "weekly"),
        ("", "cadence", ["monthly"], "monthly"),
        ("", "weekdays", ["4"], "4"),
        ("", "weekdays", ["0", "2", "6"], "026"),
        ("", "size", ["1"], 1),
        ("", "size", ["10"], 10),
        ("", "layout", ["compact"], "compact"),
        ("", "layout", ["cards"], "cards"),
        ("Threads and pings", "threads", ["digest"], "digest"),
        ("Threads and pings", "threads", ["highlight"], "highlight"),
    ],
)
async def test_a_select_changes_what_it_says_and_nothing_else(
    panel: Panel, page: str, field: str, values: list[str], expected: Any
) -> None:
    before = await panel.settings()
    if page:
        await panel.click(page)
    await panel.pick(field, *values)
    after = await panel.settings()
    assert diff_settings(before, after) == {field: [to_columns(before)[field], expected]}
    assert panel.defaults(field) == values


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("cadence", ["weekly"], "Every week on Monday at 09:00"),
        ("weekdays", ["0", "1", "2", "3", "4"], "Every weekday at 09:00"),
        ("size", ["1"], "the top paper in"),
        ("layout", ["compact"], "one line each"),
    ],
)
async def test_what_was_picked_is_in_the_sentence_at_once(
    panel: Panel, field: str, values: list[str], said: str
) -> None:
    await panel.pick(field, *values)
    assert said in panel.text


async def test_picking_a_channel_moves_the_digest_there_and_nothing_else(panel: Panel) -> None:
    before = await panel.settings()
    await panel.pick("channel_id", panel.server.papers)
    assert await panel.settings() == replace(before, channel_id=panel.server.papers.id)
    assert f"in <#{panel.server.papers.id}>" in panel.text
    assert panel.defaults("channel_id") == [str(panel.server.papers.id)]


@pytest.mark.parametrize(
    ("label", "field", "usual"), [("Notifications", "silent", "on"), ("Say when nothing is new", "quiet_line", "off")]
)
async def test_a_switch_goes_on_and_off_and_changes_nothing_else(
    panel: Panel, label: str, field: str, usual: str
) -> None:
    before = await panel.settings()
    await panel.click("Threads and pings")
    await panel.click(f"{label}: {usual}")
    assert diff_settings(before, await panel.settings()) == {field: [0, 1]}
    await panel.click(f"{label}: {'off' if usual == 'on' else 'on'}")
    assert await panel.settings() == before


async def test_two_quick_clicks_on_a_switch_are_as_one(panel: Panel) -> None:
    again = stale_button(panel.server, panel.id_of("silent:on"))
    await panel.click("Threads and pings")
    await panel.click("Notifications: on")
    await panel.server.admin.click(again, label="Details")
    assert (await panel.settings()).posting.silent


async def test_two_changes_at_the_same_moment_are_both_kept(panel: Panel) -> None:
    drafts, now = panel.server.bot.services.storage.drafts, panel.server.clock.now
    await asyncio.gather(
        drafts.change(panel.draft_id, lambda known: replace(known, channel_id=1), now),
        drafts.change(panel.draft_id, lambda known: replace(known, selection=Selection(size=9)), now),
    )
    known = await panel.settings()
    assert (known.channel_id, known.selection.size) == (1, 9)


async def test_a_role_is_chosen_and_taken_back(panel: Panel) -> None:
    before = await panel.settings()
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert diff_settings(before, await panel.settings()) == {"ping_role_id": [None, readers.id]}
    assert f"pinging <@&{readers.id}>" in panel.text
    assert panel.defaults("ping_role_id") == [str(readers.id)]
    await panel.pick("ping_role_id")
    assert await panel.settings() == before
    assert panel.defaults("ping_role_id") == []


async def test_everyone_is_never_pinged(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    before = await panel.settings()
    await panel.pick("ping_role_id", panel.server.guild.default_role)
    assert f"✏️ {explain(Refusal.EVERYONE_NOT_PINGED)}" in panel.text
    assert await panel.settings() == before


async def test_a_role_that_the_bot_may_not_ping_is_warned_of(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers")
    forbid_everybody(panel.server, panel.server.general, "mention_everyone")
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert f"⚠️ {advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=readers.id))}" in panel.text


async def test_a_role_that_is_gone_is_warned_of_and_not_shown_as_chosen(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    panel.server.env.backend.delete_role(panel.server.guild.id, readers.id)
    await panel.server.env.settle()
    await panel.click("Notifications: on")
    assert f"⚠️ {advise_admin(0, Reason(ReasonKind.ROLE_GONE))}" in panel.text
    assert panel.defaults("ping_role_id") == []


async def test_upvotes_to_ping_from_are_asked_for_once_a_role_is_chosen(panel: Panel) -> None:
    await panel.click("Threads and pings")
    assert "pings" not in panel.parts
    await panel.pick("ping_role_id", panel.server.guild.create_role("Readers", mentionable=True))
    before = await panel.settings()
    await panel.type_in("Ping for every digest", ping_upvotes="50")
    assert diff_settings(before, await panel.settings()) == {"ping_upvotes": [0, 50]}
    assert "at 50 upvotes or more" in panel.text
    assert "back" in panel.parts  # still on the second page
    await panel.type_in("Ping at 50 upvotes or more", ping_upvotes="lots")
    assert (
        f"You typed `lots`. That doesn't work here, so I kept the old value. {explain(Refusal.UPVOTES_UNCLEAR)}"
        in panel.text
    )
    assert (await panel.settings()).posting.ping_upvotes == 50


async def test_the_second_page_leads_back_to_the_first(panel: Panel) -> None:
    before = panel.text
    await panel.click("Threads and pings")
    assert panel.text == before
    await panel.click("Back")
    assert (panel.text, panel.parts) == (before, MAIN)


async def test_the_weekdays_of_a_recap_are_explained(panel: Panel) -> None:
    assert panel.select("weekdays")["placeholder"] == "The weekdays to post on"
    for cadence, within in (("weekly", "of the week"), ("monthly", "of the month")):
        await panel.pick("cadence", cadence)
        assert panel.select("weekdays")["placeholder"].endswith(f"the first chosen day {within}.")
        assert f"the first chosen day {within}." in panel.text


async def test_every_choice_of_cadence_and_layout_says_what_it_means(panel: Panel) -> None:
    for field in ("cadence", "layout"):
        assert all(each["description"] for each in panel.select(field)["options"])


async def test_threads_have_a_time_after_which_they_are_archived(panel: Panel) -> None:
    await panel.click("Threads and pings")
    assert "archive_after" not in panel.parts
    await panel.pick("threads", "digest")
    before = await panel.settings()
    assert panel.defaults("archive_after") == ["1440"]
    for minutes in ("60", "4320", "10080"):
        await panel.pick("archive_after", minutes)
        assert panel.defaults("archive_after") == [minutes]
    assert diff_settings(before, await panel.settings()) == {"archive_after": [1440, 10080]}


# Announcement channels and forums


async def test_only_an_announcement_channel_can_publish(panel: Panel) -> None:
    news = panel.server.guild.create_news_channel("news")
    await panel.click("Threads and pings")
    assert "publish:on" not in panel.parts
    await panel.click("Back")
    await panel.pick("channel_id", news)
    before = await panel.settings()
    await panel.click("Threads and pings")
    await panel.click("Publish to followers: off")
    assert diff_settings(before, await panel.settings()) == {"publish": [0, 1]}
    assert "published to followers" in panel.text
    await panel.click("Back")
    await panel.pick("channel_id", panel.server.papers)
    assert "published" not in panel.text
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert not saved.settings.posting.publish


async def test_a_forum_has_posts_and_no_quiet_line(panel: Panel) -> None:
    forum = panel.server.guild.create_forum_channel("reading")
    await panel.pick("channel_id", forum)
    await panel.click("Threads and pings")
    assert options(panel.message, panel.id_of("threads")) == ["digest", "highlight"]
    assert panel.parts == ["threads", "archive_after", "ping_role_id", "silent:on", "allow_repeats:on", "back"]
    assert panel.defaults("threads") == ["digest"]
    await panel.pick("threads", "highlight")
    assert panel.defaults("threads") == ["highlight"]
    await panel.click("Back")
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert saved.settings.posting == PostingOptions(threads=Threads.PER_HIGHLIGHT)
    assert saved.settings.channel_id == forum.id


async def test_a_look_at_a_forum_costs_nothing_of_what_was_chosen_before(panel: Panel) -> None:
    await panel.click("Threads and pings")
    await panel.click("Say when nothing is new: off")
    await panel.click("Back")
    before = await panel.settings()
    await panel.pick("channel_id", panel.server.guild.create_forum_channel("reading"))
    assert "with a note when nothing is new" not in panel.text
    await panel.pick("channel_id", panel.server.general)
    assert await panel.settings() == before
    assert "with a note when nothing is new" in panel.text
    assert "thread" not in panel.text


async def test_threads_that_the_bot_may_not_make_are_warned_of_and_keep_it_from_being_saved(panel: Panel) -> None:
    forbid_everybody(panel.server, panel.server.general, "create_public_threads")
    await panel.click("Threads and pings")
    assert "⚠️" not in panel.text
    await panel.pick("threads", "digest")
    assert "⚠️ I'm missing **Create Public Threads**" in panel.text
    await panel.click("Back")
    await panel.click("Save")
    assert await subscriptions(panel.server) == []


async def test_a_channel_that_is_deleted_meanwhile_is_asked_for_again(panel: Panel) -> None:
    await panel.pick("channel_id", panel.server.papers)
    await delete(panel.server, panel.server.papers.id)
    await panel.click("Save")
    assert f"✏️ {layout.CHOOSE_CHANNEL}" in panel.text
    assert "⚠️" not in panel.text
    assert panel.defaults("channel_id") == []
    await panel.pick("channel_id", panel.server.general)
    assert layout.CHOOSE_CHANNEL not in panel.text
    await panel.click("Save")
    assert "**Set up.**" in panel.text


# Typing


def value(result: simcord.InteractionResult, field: str) -> str | None:
    """What a modal's field holds when it opens."""
    modal = result.modal
    assert modal
    (found,) = [each["component"] for each in modal["components"] if each["component"]["custom_id"] == field]
    return found.get("value")  # type: ignore[no-any-return]


async def test_modals_open_with_what_is_set(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    assert (value(shown, "time"), value(shown, "timezone")) == ("09:00", NEW_YORK)
    await panel.server.admin.submit_modal(shown, {"time": "6:30pm", "timezone": "Tokyo"})
    await panel.type_in("Filter and upvotes", filter="tag:diffusion", min_upvotes="25")
    again = await panel.click("Time and zone")
    assert (value(again, "time"), value(again, "timezone")) == ("18:30", "Asia/Tokyo")
    selection = await panel.click("Filter and upvotes")
    assert (value(selection, "filter"), value(selection, "min_upvotes")) == ("tag:diffusion", "25")


async def test_a_time_and_zone_are_typed_and_nothing_else_changes(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Time and zone", time="6:30 pm", timezone="tokyo")
    assert diff_settings(before, await panel.settings()) == {
        "time": ["09:00", "18:30"],
        "timezone": [NEW_YORK, "Asia/Tokyo"],
    }
    assert "Every day at 18:30 Asia/Tokyo" in panel.text
    assert "✏️" not in panel.text


@pytest.mark.parametrize("typed", ["25:00", "99", "nine", "24:00", "-1:00", "`@everyone`", "12:60"])
async def test_a_wrong_time_is_explained_and_the_zone_typed_with_it_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Time and zone", time=typed, timezone="Asia/Tokyo")
    assert (
        f"✏️ You typed `{typed.replace('`', chr(39))}`. That doesn't work here, so I kept the old value. A time looks"
        in panel.text
    )
    known = (await panel.settings()).schedule
    assert (known.time, known.timezone.key) == (time(9), "Asia/Tokyo")
    assert panel.parts == MAIN


@pytest.mark.parametrize("typed", ["Mordor", "../../etc/passwd", "Europe/", "\\", "%"])
async def test_a_wrong_zone_is_explained_and_the_time_typed_with_it_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Time and zone", time="7:15", timezone=typed)
    assert "so I kept the old value" in panel.text
    known = (await panel.settings()).schedule
    assert (known.time, known.timezone.key) == (time(7, 15), NEW_YORK)


async def test_two_things_typed_wrongly_are_both_explained(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Time and zone", time="late", timezone="Mordor")
    assert "You typed `late`" in panel.text
    assert "You typed `Mordor`" in panel.text
    assert await panel.settings() == before


async def test_blanks_typed_for_a_time_are_explained(panel: Panel) -> None:
    await panel.type_in("Time and zone", time=" ", timezone="UTC")
    assert "✏️ A time looks like" in panel.text


async def test_what_was_wrong_is_forgotten_with_the_next_click(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="25:00", timezone="UTC")
    await panel.pick("size", "3")
    assert "✏️" not in panel.text


async def test_a_name_of_several_zones_offers_the_others(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="portland")
    assert "at 09:00 America/Los_Angeles" in panel.text
    offered = options(panel.message, panel.id_of("timezone"))
    assert NEW_YORK in offered
    assert "America/Los_Angeles" not in offered
    assert panel.select("timezone")["placeholder"].startswith("Wrong time zone?")
    before = await panel.settings()
    await panel.pick("timezone", NEW_YORK)
    assert diff_settings(before, await panel.settings()) == {"timezone": ["America/Los_Angeles", NEW_YORK]}
    assert panel.parts == MAIN


async def test_a_country_of_many_zones_offers_them_though_none_was_meant(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="australia")
    assert "That place has several time zones" in panel.text
    assert (await panel.settings()).schedule.timezone.key == NEW_YORK
    offered = options(panel.message, panel.id_of("timezone"))
    assert "Australia/Sydney" in offered
    assert len(offered) <= 25
    await panel.pick("timezone", "Australia/Sydney")
    assert "at 09:00 Australia/Sydney" in panel.text


async def test_a_filter_is_counted_against_last_week(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter='"paper 2601.00003"', min_upvotes="0")
    assert "Last week this would have matched 1 of 7 papers." in panel.text
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="35")
    assert "Last week this would have matched 4 of 7 papers." in panel.text
    assert "with at least 35 upvotes" in panel.text
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="")
    assert "Last week had 7 papers to choose from." in panel.text
    assert (await panel.settings()).selection == Selection()


async def test_typing_a_filter_offers_no_other_zones(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="paper", min_upvotes="0")
    assert options(panel.message, panel.id_of("timezone")) == []


async def test_a_filter_and_upvotes_are_typed_and_nothing_else_changes(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Filter and upvotes", filter="  tag:diffusion   models ", min_upvotes="1,000")
    changed = {"filter": ["", "tag:diffusion models"], "min_upvotes": [0, 1000]}
    assert diff_settings(before, await panel.settings()) == changed


async def test_a_wrong_filter_is_explained_and_the_upvotes_typed_with_it_are_kept(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="after:someday", min_upvotes="7")
    assert "You typed `after:someday`. That doesn't work here, so I kept the old value." in panel.text
    assert "I don't understand `after:someday`. Write it like" in panel.text
    assert (await panel.settings()).selection == Selection(min_upvotes=7)


@pytest.mark.parametrize("typed", ["many", "-1", "10001", "1.5", "²", "1e3"])
async def test_wrong_upvotes_are_explained_and_the_filter_typed_with_them_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Filter and upvotes", filter="diffusion", min_upvotes=typed)
    assert (
        f"You typed `{typed}`. That doesn't work here, so I kept the old value. {explain(Refusal.UPVOTES_UNCLEAR)}"
        in panel.text
    )
    assert (await panel.settings()).selection == Selection(filter="diffusion")


async def test_a_modal_is_not_kept_in_memory(panel: Panel) -> None:
    await panel.click("Time and zone")
    assert panel.server.bot._connection._view_store._modals == {}
    assert panel.server.bot._connection._view_store._views == {}


async def test_a_modal_that_nobody_made_is_answered(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_make_control_id", lambda *_: "panel:?")
    shown = await panel.click("Time and zone")
    result = await panel.server.admin.submit_modal(shown, {"time": "9:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.PANEL_CLOSED)


async def test_a_modal_of_something_else_is_left_to_it(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_make_control_id", lambda *_: "panels:abc:time")
    shown = await panel.click("Time and zone")
    result = await panel.server.admin.submit_modal(shown, {"time": "9:00", "timezone": "UTC"})
    assert not result.acknowledged


def test_what_was_typed_is_read_from_labels_and_from_rows() -> None:
    label = {"type": 18, "id": 1, "component": {"type": 4, "custom_id": "time", "value": "9:00"}}
    row = {"type": 1, "components": [{"type": 4, "custom_id": "timezone", "value": ""}]}
    text = {"type": 10, "id": 2}
    assert dict(_read_typed([label, text, row])) == {"time": "9:00", "timezone": ""}


# Who may, and when


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("who", ["moderator", "member"])
async def test_without_manage_server_every_control_is_refused_and_nothing_changes(
    server: Server, who: str, part: str
) -> None:
    actor = server.member if who == "member" else moderator(server)
    draft = await begin(server, actor, build_settings(server.papers.id))
    before = server.tables()
    message = stale_button(server, f"panel:{draft.id}:{part}")
    assert answer(await actor.click(message, label="Details")) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


@pytest.mark.parametrize("part", PARTS)
async def test_a_panel_of_another_admin_is_refused_and_nothing_changes(panel: Panel, part: str) -> None:
    server = panel.server
    before = server.tables()
    message = stale_button(server, panel.id_of(part))
    assert answer(await another_admin(server).click(message, label="Details")) == explain(Refusal.PANEL_NOT_YOURS)
    assert server.tables() == before


@pytest.mark.parametrize("part", PARTS)
async def test_a_panel_whose_draft_is_gone_says_so(panel: Panel, part: str) -> None:
    server = panel.server
    message = stale_button(server, panel.id_of(part))
    await server.bot.services.storage.drafts.delete(panel.draft_id)
    before = server.tables()
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert server.tables() == before


async def test_a_draft_of_another_server_is_refused(panel: Panel) -> None:
    server = panel.server
    elsewhere = await server.bot.services.storage.drafts.add(1, server.admin.id, build_settings(), server.clock.now)
    message = stale_button(server, f"panel:{elsewhere.id}:save")
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.PANEL_NOT_YOURS)


@pytest.mark.parametrize(
    "part", ["weekdays", "weekdays:7", "size:0", "size:11", "layout:x", "channel_id:x", "timezone:../x"]
)
@pytest.mark.parametrize("more", ["", ":0:1"])
async def test_a_control_that_nobody_made_is_answered_and_changes_nothing(panel: Panel, part: str, more: str) -> None:
    before = panel.server.tables()
    message = stale_button(panel.server, panel.id_of(part + more))
    if not (part == "weekdays" and more):
        assert answer(await panel.server.admin.click(message, label="Details")) == explain(Refusal.PANEL_CLOSED)
        assert panel.server.tables() == before


@pytest.mark.parametrize("custom_id", ["panel", "panel:", "panel:x", "panel:abc", "panel:abc:"])
async def test_a_control_without_a_draft_is_answered(server: Server, custom_id: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.CONTROL_STALE)


async def test_a_member_sees_neither_the_command_nor_a_panel(server: Server) -> None:
    with pytest.raises(SetupError):
        await server.member.slash(server.general, "digest setup")


async def test_an_admin_who_is_one_no_longer_can_submit_nothing(panel: Panel) -> None:
    server = panel.server
    shown = await panel.click("Time and zone")
    for role in server.guild.roles.values():
        if role.name == "Admins":
            server.env.backend.remove_member_role(server.guild.id, server.admin.id, role.id)
    before = server.tables()
    result = await server.admin.submit_modal(shown, {"time": "10:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_a_modal_of_a_panel_that_is_closed_meanwhile_says_so(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    await panel.click("Cancel")
    result = await panel.server.admin.submit_modal(shown, {"time": "10:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.PANEL_CLOSED)


async def test_every_control_works_after_a_restart(panel: Panel) -> None:
    server = panel.server
    for part in PARTS:
        if part not in {"preview", "save", "cancel"}:
            await server.restart()
            message = stale_button(server, panel.id_of(part))
            await server.admin.click(message, label="Details")
    known = await panel.settings()
    assert known == DigestSettings(
        1,
        Schedule(time(9), ZoneInfo("UTC"), frozenset({0, 1}), Cadence.WEEKLY),
        Selection(size=3, allow_repeats=True),
        PostingOptions(
            DigestLayout.CARDS, Threads.PER_DIGEST, 60, publish=True, ping_role_id=5, silent=True, quiet_line=True
        ),
    )


async def test_selects_of_channels_and_roles_work_after_a_restart(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.server.restart()
    await panel.pick("channel_id", panel.server.papers)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert (await panel.settings()).channel_id == panel.server.papers.id
    assert (await panel.settings()).posting.ping_role_id == readers.id


async def test_a_modal_opened_before_a_restart_is_taken_after_it(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    await panel.server.restart()
    await panel.server.admin.submit_modal(shown, {"time": "22:00", "timezone": "Asia/Tokyo"})
    assert "Every day at 22:00 Asia/Tokyo" in panel.text


async def test_a_panel_is_saved_after_a_restart(panel: Panel) -> None:
    await panel.server.restart()
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1


# Preview


async def test_a_preview_shows_the_digest_beside_the_panel_and_records_nothing(panel: Panel) -> None:
    server = panel.server
    readers = server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    await panel.click("Back")
    await panel.pick("size", "3")
    before, text = server.tables(), panel.text
    shown = answer(await panel.click("Preview"))
    assert "Paper 2601.00001" in shown
    assert "Paper 2601.00004" not in shown
    assert "<@&" not in shown
    assert server.tables() == before
    assert panel.text == text
    assert not [each for each in server.general.history() if each.mentions or each.role_mentions]


async def test_a_preview_of_what_nothing_matches_says_why(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="zeppelin", min_upvotes="0")
    assert "No new paper matched the filter" in answer(await panel.click("Preview"))


async def test_a_preview_of_a_change_leaves_out_what_was_posted_already(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    opened = await open_panel(server, "1")
    assert "would highlight nothing" in answer(await opened.click("Preview"))


# Saving


async def test_from_an_empty_server_to_the_first_digest(server: Server) -> None:
    opened = await open_panel(server)
    await opened.pick("channel_id", server.papers)
    await opened.type_in("Time and zone", time="9:00", timezone="UTC")
    await opened.pick("size", "3")
    await opened.click("Save")
    sentence = f"Every day at 09:00 UTC, the top 3 papers in <#{server.papers.id}>."
    assert opened.text.startswith(f"**Set up.** {sentence}\nNext digest <t:1768554000:f>")
    assert "`/digest preview`" in opened.text
    assert "`/digest status`" in opened.text
    assert custom_ids(opened.message) == []
    assert server.tables()["drafts"] == []
    await server.later(hours=1)
    (posted,) = server.posted
    assert "Paper 2601.00003" in posted
    assert "Paper 2601.00004" not in posted


async def test_a_new_panel_can_be_saved_as_it_is(panel: Panel) -> None:
    wanted = await panel.settings()
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert saved.settings == wanted
    assert saved.state is SubscriptionState.ACTIVE
    assert saved.next_run.at.timestamp() == 1768572000


async def test_save_clicked_twice_sets_up_one_subscription(panel: Panel) -> None:
    again = stale_button(panel.server, panel.id_of("save"))
    await panel.click("Save")
    assert answer(await panel.server.admin.click(again, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert len(await subscriptions(panel.server)) == 1


async def test_save_clicked_twice_at_the_same_moment_sets_up_one_subscription(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await panel.draft()
    again = stale_button(panel.server, panel.id_of("save"))
    await panel.click("Save")

    async def as_it_was(*_: Any) -> Draft:  # the second click has read the draft before the first one ended it
        return draft

    monkeypatch.setattr(Drafts, "get", as_it_was)
    assert answer(await panel.server.admin.click(again, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert len(await subscriptions(panel.server)) == 1


async def test_of_many_who_end_a_draft_at_the_same_moment_one_gets_it(panel: Panel) -> None:
    drafts, wanted = panel.server.bot.services.storage.drafts, await panel.draft()
    ended = await asyncio.gather(*(drafts.delete(panel.draft_id) for _ in range(5)))
    assert [each for each in ended if each] == [wanted]


async def test_what_could_not_be_saved_is_still_there(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_everybody(panel.server, panel.server.papers, "send_messages")
    await panel.pick("channel_id", panel.server.papers)
    before = await panel.draft()
    await panel.click("Save")
    assert panel.text.count("I'm missing **Send Messages**") == 1
    assert "✏️ I'm missing **Send Messages**" in panel.text
    assert "Nothing was changed." in panel.text
    assert await panel.draft() == before
    assert await subscriptions(panel.server) == []
    await panel.pick("channel_id", panel.server.general)
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1


async def test_when_the_database_stumbles_the_draft_is_still_there(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(*_: Any, **__: Any) -> None:
        raise OSError("disk I/O error")

    before = await panel.draft()
    with monkeypatch.context() as patched:
        patched.setattr(Subscriptions, "add", stumble)
        assert answer(await panel.click("Save")) == BUG
    caplog.clear()
    assert await panel.draft() == before
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1


async def test_the_26th_subscription_is_refused_and_can_be_saved_once_there_is_room(panel: Panel) -> None:
    server = panel.server
    now, store = server.clock.now, server.bot.services.storage.subscriptions
    for _ in range(25):
        await store.add(server.guild.id, build_settings(server.papers.id), by=1, now=now, next_run=Run(DAY, MORNING))
    await panel.click("Save")
    assert f"✏️ {explain(Refusal.TOO_MANY_SUBSCRIPTIONS)}" in panel.text
    assert len(await subscriptions(server)) == 25
    await store.remove((await subscriptions(server))[0], by=1, now=now)
    await panel.click("Save")
    assert "**Set up.**" in panel.text


async def test_cancelling_changes_nothing(panel: Panel) -> None:
    await panel.pick("size", "3")
    await panel.click("Cancel")
    assert panel.text == "Cancelled. Nothing was changed."
    assert custom_ids(panel.message) == []
    assert await subscriptions(panel.server) == []
    assert panel.server.tables()["drafts"] == []


async def test_two_panels_of_one_admin_are_two_drafts(panel: Panel) -> None:
    other = await open_panel(panel.server)
    await panel.pick("size", "3")
    assert "the top 5 papers" in other.text
    assert (await other.settings()).selection.size == 5


# Changing what is set up


async def test_a_subscription_is_changed_in_its_panel(server: Server) -> None:
    await server.subscribe(size=4)
    opened = await open_panel(server, "1")
    assert opened.text.startswith("### Edit subscription\n**Every day at 09:00 UTC, the top 4 papers")
    await opened.pick("size", "2")
    assert "the top 4 papers" in await server.ask("digest list")  # not before it is saved
    await opened.click("Save")
    assert opened.text.startswith("**Changed.** Every day at 09:00 UTC, the top 2 papers")
    (only,) = await subscriptions(server)
    assert (only.id, only.settings.selection.size) == (1, 2)
    await server.later(hours=1)
    assert "Paper 2601.00002" in server.posted[0]
    assert "Paper 2601.00003" not in server.posted[0]


async def test_what_another_admin_changes_meanwhile_is_not_undone(server: Server) -> None:
    await server.subscribe(size=4)
    opened = await open_panel(server, "1")
    await opened.pick("layout", "compact")
    emmy = another_admin(server)
    await emmy.slash(server.general, "digest edit", size=7)
    before = await subscriptions(server)
    await opened.click("Save")
    assert f"✏️ {explain(Refusal.CHANGED_MEANWHILE)}" in opened.text
    assert await subscriptions(server) == before
    assert (await opened.settings()).posting.layout is DigestLayout.COMPACT


async def test_what_another_admin_removes_meanwhile_is_not_brought_back(server: Server) -> None:
    await server.subscribe()
    opened = await open_panel(server, "1")
    await server.ask("digest remove")
    await opened.pick("size", "3")
    await opened.click("Save")
    assert f"✏️ {explain(Refusal.CHANGED_MEANWHILE)}" in opened.text
    assert await subscriptions(server) == []


async def test_a_change_does_not_bring_a_second_digest_on_the_same_day(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    opened = await open_panel(server, "1")
    await opened.type_in("Time and zone", time="11:00", timezone="UTC")
    assert "Next digest <t:1768647600:f>" in opened.text  # tomorrow at eleven
    await opened.click("Save")
    await server.later(hours=3)
    assert len(server.posted) == 1


async def test_a_paused_subscription_stays_paused(server: Server) -> None:
    await server.subscribe()
    await server.ask("digest pause")
    opened = await open_panel(server, "1")
    assert "Paused: nothing is posted until you use `/digest resume`." in opened.text
    await opened.pick("size", "3")
    await opened.click("Save")
    (only,) = await subscriptions(server)
    assert only.state is SubscriptionState.PAUSED


async def test_what_does_not_need_the_channel_can_be_changed_while_the_bot_is_locked_out(server: Server) -> None:
    await server.subscribe()
    forbid_everybody(server, server.papers, "send_messages")
    opened = await open_panel(server, "1")
    assert "⚠️ I'm missing **Send Messages**" in opened.text
    await opened.pick("size", "3")
    await opened.click("Save")
    assert "**Changed.**" in opened.text


# Limits


def fullest(**known: Any) -> DraftStatus:
    """A panel that has as much to say as there is."""
    hard = "tag:*_~" * 42 + "||"
    everything = DigestSettings(
        2**63 - 1,
        Schedule(time(23, 59), ZoneInfo("America/Argentina/ComodRivadavia"), frozenset({0, 2, 4, 6}), Cadence.MONTHLY),
        Selection(size=10, min_upvotes=10_000, filter=hard),
        PostingOptions(DigestLayout.CARDS, Threads.PER_HIGHLIGHT, 10080, True, 2**63 - 1, 10_000, True, True),
    )
    status = DraftStatus(
        Draft("f" * 12, 1, 2, 3, 4, everything),
        Run(DAY, MORNING),
        is_paused=True,
        match_count=(100_000, 200_000),
        abilities=AnnouncementChannel.abilities,
        role_id=2**63 - 1,
        obstacles=(
            build_missing_permissions(*["view_channel", "send_messages", "read_message_history"] * 2),
            Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=2**63 - 1),
        ),
    )
    return replace(status, **known)


@pytest.mark.parametrize("kind", DESTINATION_CLASSES.values())
@pytest.mark.parametrize("page", ["first", "extras"])
async def test_the_fullest_panel_fits(page: str, kind: type[Destination]) -> None:
    status, unclear = fullest(abilities=kind.abilities), Refused(Refusal.TIMEZONE_AMBIGUOUS, examples=["y" * 100] * 4)
    note = "\n".join(layout.describe_misread("x" * 4000, unclear) for _ in range(2))
    timezones = [f"Area/City{number}" for number in range(400)]
    view: Any = (
        layout.render_panel(status, note, timezones) if page == "first" else layout.render_second_page(status, note)
    )
    check_message({"components": view.to_components(), "flags": 1 << 15, "allowed_mentions": {"parse": []}})
    assert view.content_length() < 4000
    assert view.is_finished()


@pytest.mark.parametrize("modal", [layout.build_time_modal, layout.build_selection_modal, layout.build_pings_modal])
async def test_the_fullest_modal_is_valid(server: Server, modal: Any) -> None:
    shown = modal(fullest().draft)
    assert shown.is_finished()
    assert all(len(each.component.default) <= each.component.max_length for each in shown.children)
