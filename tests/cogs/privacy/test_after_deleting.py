"""After `/privacy delete`, nothing comes any more, old messages do no harm, and one may start over."""

from typing import Any

import pytest
import simcord

from bot.layouts import privacy
from bot.layouts.refusals import BUG
from tests.support.builders import DAY
from tests.support.following import LECUN, NOETHER, bring_digest, follow, list_papers, read_inbox
from tests.support.messages import answer, button_labels, custom_ids, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server


@pytest.fixture
async def library(server: Server, papers_server: Papers) -> Server:
    """With four papers by LeCun and three by Noether."""
    list_papers(papers_server, DAY, 1, [LECUN, NOETHER] * 3 + [LECUN])
    await server.read_lists()
    return server


async def delete_everything(server: Server, person: simcord.MemberActor) -> None:
    asked = await person.slash(server.general, "privacy delete")
    assert asked.response
    told = await person.click(asked.response, label="Delete everything about me")
    assert answer(told) == privacy.PERSON_DELETED


def rows_of(server: Server, person: simcord.MemberActor) -> list[tuple[Any, ...]]:
    return [row for rows in server.tables().values() for row in rows if str(person.id) in str(row)]


async def test_nothing_comes_any_more_and_nothing_is_stored(library: Server, papers_server: Papers) -> None:
    reader = library.member
    await follow(library, reader, f'author:"{LECUN}"')
    await follow(library, library.admin, f'author:"{NOETHER}"')
    await library.later(hours=1)
    count = len(read_inbox(reader))
    assert count == 2
    await delete_everything(library, reader)
    await bring_digest(library, papers_server)
    assert len(read_inbox(reader)) == count
    assert rows_of(library, reader) == []
    assert paper_ids(read_inbox(library.admin)[-1]) == ["2601.00012"]  # another reader's go on


async def test_the_buttons_of_old_messages_are_answered_and_store_nothing(library: Server) -> None:
    reader = library.member
    await follow(library, reader, f'author:"{LECUN}"')
    await library.later(hours=1)
    message = read_inbox(reader)[-1]
    await delete_everything(library, reader)
    labels = [each for each in button_labels(message) if each not in {"Stop this", "Details"} and not each.isdigit()]
    assert "Stop all" in labels
    for label in labels:
        assert answer(await reader.user.click(message, label=label)) not in {"", BUG}
    assert [each for each in custom_ids(message) if each]
    assert rows_of(library, reader) == []


async def test_whoever_starts_over_gets_the_papers_of_then_also_those_they_had(library: Server) -> None:
    reader = library.member
    await follow(library, reader, f'author:"{LECUN}"')
    await library.later(hours=1)
    before = paper_ids(read_inbox(reader)[-1])
    assert before
    await delete_everything(library, reader)
    await follow(library, reader, f'author:"{LECUN}"')
    await library.later(days=1)
    assert paper_ids(read_inbox(reader)[-1]) == before


async def test_a_restart_between_following_and_the_first_digest_loses_nothing(library: Server) -> None:
    await follow(library, library.member, f'author:"{LECUN}"')
    await library.restart()
    await library.later(hours=1)
    await library.restart()
    await library.later(minutes=5)
    welcome, first = read_inbox(library.member)
    assert paper_ids(welcome) == []
    assert paper_ids(first) == ["2601.00001", "2601.00003", "2601.00005", "2601.00007"]
