"""`/inbox`: the best papers of the day or the week, whatever they are about."""

from bot.storage import How
from tests.support.following import ask, bring_digest, close_inbox, follow, get_following, read_inbox, read_inbox_texts
from tests.support.messages import answer, button_labels, message_of, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server


async def test_it_is_turned_on_by_a_click_and_comes_the_next_morning(library: Server, papers_server: Papers) -> None:
    shown = await library.member.slash(library.general, "inbox")
    assert "It is off." in answer(shown)
    assert "guessed from your Discord language" in answer(shown)
    on = await library.member.click(message_of(shown), label="Turn on, daily")
    assert answer(on).startswith("**Your inbox is on**, daily. I've just sent you a direct message")
    assert button_labels(message_of(on))[0] == "Inbox"  # where the size and the layout are
    assert read_inbox_texts(library.member)[0].startswith("## This is where your papers come\nThe best papers, daily.")
    await library.later(hours=6)
    digest = read_inbox(library.member)[-1]
    assert paper_ids(digest) == [f"2601.{n:05}" for n in range(1, 6)]
    assert "-# inbox" in read_inbox_texts(library.member)[-1]
    assert "5 papers from your inbox" in read_inbox_texts(library.member)[-1]
    stopped = await library.member.user.click(digest, label="Stop this")
    assert "**Stopped your inbox.**" in answer(stopped)
    await library.member.user.click(message_of(stopped), label="Undo")
    assert (await get_following(library, library.member)).inbox


async def test_each_change_counts_at_once(library: Server) -> None:
    shown = await library.member.slash(library.general, "inbox")
    await library.member.click(message_of(shown), label="Weekly")
    shown = await library.member.slash(library.general, "inbox")
    assert "**The top 5 papers of the week** come by direct message, every Monday." in answer(shown)
    for field, picked in {"size": ["2"], "layout": ["compact"], "weekdays": ["0", "3"], "on": ["daily"]}.items():
        await library.member.select(message_of(shown), picked, custom_id=f"inbox:{field}")
    asked = await library.member.click(message_of(shown), label="Time and zone")
    changed = await library.member.submit_modal(asked, {"time": "7:15", "timezone": "Tokyo"})
    assert "**The top 2 papers of the day** come by direct message." in answer(changed)
    assert "**Every Monday and Thursday at 07:15, Tokyo time.**" in answer(changed)
    known = await get_following(library, library.member)
    assert known.inbox
    assert known.inbox.how is How.DAILY
    off = await library.member.click(message_of(shown), label="Turn off")
    assert "**Stopped your inbox.**" in answer(off)


async def test_a_mistyped_time_leads_back_to_the_panel(library: Server) -> None:
    shown = await library.member.slash(library.general, "inbox")
    await library.member.click(message_of(shown), label="Turn on, daily")
    shown = await library.member.slash(library.general, "inbox")
    asked = await library.member.click(message_of(shown), label="Time and zone")
    told = await library.member.submit_modal(asked, {"time": "9:00", "timezone": "Berlinn"})
    changed = await library.member.click(message_of(told), label="Use Berlin")
    assert answer(changed).startswith("### Your inbox")
    assert "Berlin time" in answer(changed)


async def test_a_preview_shows_todays_best_and_is_never_a_dead_end(library: Server) -> None:
    shown = await library.member.slash(library.general, "inbox")
    preview = await library.member.click(message_of(shown), label="Preview")
    told = preview.followups[-1] if preview.followups else message_of(preview)
    assert told
    assert paper_ids(told) == [f"2601.{n:05}" for n in range(1, 6)]
    assert read_inbox(library.member) == []


async def test_what_is_followed_and_the_inbox_come_in_one_message(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "author:noether")
    shown = await library.member.slash(library.general, "inbox")
    on = await library.member.click(message_of(shown), label="Turn on, daily")
    assert "**Your inbox is on**, daily. The next digest comes" in answer(on)
    await library.later(hours=1)
    await bring_digest(library, papers_server)
    _, first, second = read_inbox_texts(library.member)
    assert "follows `author:noether` · inbox" in first
    assert "papers from what you follow and your inbox" in second
    told = await ask(library, library.member, "following")
    assert "- **Inbox** · the top 5 of the day · brought 8 papers in 30 days" in told


async def test_a_closed_inbox_is_explained_here_too(library: Server) -> None:
    close_inbox(library, library.member)
    shown = await library.member.slash(library.general, "inbox")
    told = await library.member.click(message_of(shown), label="Turn on, daily")
    assert answer(told).startswith("**Your inbox is kept**, but I can't send you direct messages yet.")
    opened = await library.member.click(message_of(told), label="Try again")
    assert "✓ Your direct messages are open." in answer(opened)


async def test_the_best_of_the_week_lead_to_the_inbox(library: Server) -> None:
    board = await library.member.slash(library.general, "top")
    assert "To my inbox" in button_labels(message_of(board))
    shown = await library.member.click(message_of(board), label="To my inbox")
    assert answer(shown).startswith("### Your inbox")
    assert "# Top papers" in str(message_of(board).message.components)
    year = await library.member.slash(library.general, "top", period="year")
    assert "To my inbox" not in button_labels(message_of(year))
