"""`/privacy export` and `delete`: people take along, and delete, what is stored about them."""

import gzip
import json
from typing import Any

import pytest
import simcord

from bot import export
from bot.layouts import privacy
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.messages import answer, button_labels, custom_ids, find_next_steps, read_texts
from tests.support.people import furnish
from tests.support.server import Server, forbid, stale_button


@pytest.fixture
async def known(server: Server) -> Server:
    """A server whose member follows things, and whose admin set up a digest."""
    await furnish(server.bot.services.storage, server.member.id)
    await server.subscribe()
    return server


async def read_file(result: simcord.InteractionResult) -> tuple[str, bytes]:
    """The name and the content of the only file of an answer."""
    assert result.response
    (attached,) = result.response.attachments
    return attached.filename, await attached.read()


async def read_export(result: simcord.InteractionResult) -> dict[str, Any]:
    name, content = await read_file(result)
    assert name == "paperboy-data.json"
    exported: dict[str, Any] = json.loads(content)
    return exported


async def ask_to_delete(server: Server, person: simcord.MemberActor) -> simcord.ResponseMessage:
    """The question that `/privacy delete` asks."""
    asked = await person.slash(server.general, "privacy delete")
    assert asked.response
    assert asked.response.ephemeral
    return asked.response


async def test_i_get_everything_about_me_as_a_file_that_only_i_see(known: Server) -> None:
    result = await known.member.slash(known.general, "privacy export")
    assert "everything I store about you, as a JSON file" in answer(result)
    exported = await read_export(result)
    assert (exported["format"], exported["version"]) == ("paperboy-export", 1)
    assert exported["user_id"] == str(known.member.id)
    assert [each["query"] for each in exported["followed"]] == ["", f"words of {known.member.id}", "author:lecun"]
    assert len(exported["deliveries"]) == 16
    assert str(known.admin.id) not in json.dumps(exported)


async def test_an_admin_finds_what_they_did_in_servers(known: Server) -> None:
    exported = await read_export(await known.admin.slash(known.general, "privacy export"))
    (done,) = exported["server_actions"]
    assert (done["server_id"], done["action"]) == (str(known.guild.id), "added")
    assert exported["digest"] is None


async def test_it_works_in_a_direct_message_too(known: Server) -> None:
    result = await known.member.user.slash("privacy export")
    assert (await read_export(result))["user_id"] == str(known.member.id)
    asked = await known.member.user.slash("privacy delete")
    await known.member.user.click(asked.response, label="Delete everything about me")
    assert (await known.bot.services.storage.people.read_data(known.member.id)).is_empty


async def test_everyone_can_use_it_wherever_they_installed_the_bot(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (known,) = [each for each in registered if each["name"] == "privacy"]
    assert (known["integration_types"], known["contexts"]) == ([0, 1], [0, 1, 2])
    assert known.get("default_member_permissions") is None


async def test_someone_of_whom_nothing_is_stored_is_told_so(server: Server) -> None:
    for command in ("privacy export", "privacy delete"):
        result = await server.member.slash(server.general, command)
        assert answer(result) == privacy.NOTHING_STORED
        assert find_next_steps(result)
        assert result.response
        assert result.response.attachments == []


async def test_where_the_bot_may_not_attach_files_it_says_where_to_ask(known: Server) -> None:
    forbid(known, known.general, "attach_files")
    result = await known.member.slash(known.general, "privacy export")
    assert answer(result) == explain(Refusal.FILES_NOT_ALLOWED)


async def test_an_export_too_long_for_discord_comes_compressed(known: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_FILE", 3000)
    result = await known.member.slash(known.general, "privacy export")
    assert "unpack it with gzip" in answer(result)
    name, content = await read_file(result)
    assert name == "paperboy-data.json.gz"
    assert json.loads(gzip.decompress(content))["user_id"] == str(known.member.id)


async def test_deleting_asks_first_and_says_how_much_it_is(known: Server) -> None:
    before = known.tables()
    result = await known.member.slash(known.general, "privacy delete")
    text = answer(result)
    for line in ("Followed queries: 2", "- Your inbox", "muted: 1", "sent you: 13 papers", "Open panels: 2"):
        assert line in text
    assert result.response
    assert button_labels(result.response) == ["Delete everything about me"]
    assert known.tables() == before


async def test_after_one_click_nothing_about_me_is_stored_and_a_second_one_is_answered_too(known: Server) -> None:
    asked = await ask_to_delete(known, known.member)
    for _ in range(2):
        assert answer(await known.member.click(asked, label="Delete everything about me")) == privacy.PERSON_DELETED
    assert str(known.member.id) not in str(known.tables())
    assert answer(await known.member.slash(known.general, "privacy export")) == privacy.NOTHING_STORED
    assert "09:00" in await known.ask("digest list")  # the server's goes on


async def test_the_log_of_a_server_shows_someone_who_deleted_their_data(known: Server) -> None:
    asked = await ask_to_delete(known, known.admin)
    assert "Your user ID beside changes in servers: 1" in read_texts(asked.message)
    await known.admin.click(asked, label="Delete everything about me")
    log = await known.ask("digest log")
    assert "Someone who deleted their data set it up." in log
    assert str(known.admin.id) not in log


async def test_someone_elses_button_deletes_nothing(known: Server) -> None:
    (custom_id,) = custom_ids(await ask_to_delete(known, known.member))
    assert custom_id == f"erase:{known.member.id}"
    message = stale_button(known, custom_id)
    before = known.tables()
    assert answer(await known.admin.click(message, custom_id=custom_id)) == explain(Refusal.QUESTION_NOT_YOURS)
    assert known.tables() == before


async def test_an_old_question_still_deletes_after_a_restart(known: Server) -> None:
    asked = await ask_to_delete(known, known.member)
    await known.restart()
    await known.member.click(asked, label="Delete everything about me")
    assert (await known.bot.services.storage.people.read_data(known.member.id)).is_empty
