"""`paperboy init` and `paperboy invite`: from a token to a link, and no token is ever shown or lost."""

import asyncio
import stat
from pathlib import Path

import pytest

from bot.env_file import parse_values
from bot.layouts.terminal_setup import PROMPT
from tests.support.pseudo_terminal import CTRL_C, typing_at
from tests.support.terminal import Ended, Terminal, is_one_clear_line
from tests.support.wire import TOKEN, Fault, Wire

OR_ELSE = "or the service or container that runs it.\n"
INVITE = "https://discord.com/oauth2/authorize?client_id=77&scope=bot+applications.commands&permissions=68608"
OTHERS = "# mine\nPAPERBOY_BACKUPS=3\n\nHF_TOKEN='hf_a' # theirs\n"


@pytest.fixture
def terminal(terminal: Terminal, wire: Wire) -> Terminal:
    terminal.environment |= {"PAPERBOY_DISCORD_API_URL": wire.api_url}
    return terminal


@pytest.fixture
def env(terminal: Terminal) -> Path:
    return terminal.folder / ".env"


async def pipe(terminal: Terminal, text: str, *words: str) -> Ended:
    """Without a terminal, `text` on standard input."""
    process = await terminal.start(*words, stdin=asyncio.subprocess.PIPE)
    out, err = await process.communicate(text.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


class TestOnATerminal:
    async def test_the_token_is_asked_for_until_it_is_right_and_is_never_shown(
        self, terminal: Terminal, env: Path
    ) -> None:
        wrong = {
            "": "there is nothing in it",
            "two words": "a token is one word",
            "123456789012345678": "That is an id, not the token",
            "0123456789abcdef" * 2: "looks like the client secret",
            "0123456789abcdef" * 4: "looks like the public key",
            "MTIz.abc.def": "Discord does not know this token",
        }
        async with typing_at(terminal, "init") as screen:
            assert "discord.com/developers" in await screen.answer(PROMPT, "\n")
            for before, typed in zip(wrong, [*wrong, TOKEN][1:], strict=True):
                said = await screen.answer(PROMPT, f"{typed}\n")
                assert wrong[before] in said
                assert not env.exists()
            code, said = await screen.end()
        assert code == 0, screen.shown
        assert said.lstrip() == (
            f"Discord knows this token: it belongs to paperboy. It is in .env in the folder {terminal.folder}, which "
            f"only you can read.\nAdd the bot to a server: {INVITE}\nThen start it: `paperboy run`, {OR_ELSE}"
        )
        assert not [each for each in (*wrong, TOKEN) if each and each in screen.shown]
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        assert parse_values(env.read_text()) == {"DISCORD_TOKEN": TOKEN}
        assert "# PAPERBOY_DATABASE=" in env.read_text()  # all other settings are there to be chosen

    async def test_a_token_that_is_there_is_replaced_after_a_question_and_the_other_lines_stay(
        self, terminal: Terminal, env: Path
    ) -> None:
        env.write_text(f"{OTHERS}DISCORD_TOKEN=old\n")
        async with typing_at(terminal, "init") as screen:
            await screen.answer("Replace it? [y/N]", "y\n")
            await screen.answer(PROMPT, f"  Bot {TOKEN} \n")
            assert (await screen.end())[0] == 0
        assert env.read_text() == f"{OTHERS}DISCORD_TOKEN={TOKEN}\n"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        async with typing_at(terminal, "init") as screen:
            await screen.answer("Replace it? [y/N]", "\n")
            code, said = await screen.end()
        assert (code, INVITE in said) == (0, True)
        assert env.read_text() == f"{OTHERS}DISCORD_TOKEN={TOKEN}\n"

    async def test_giving_up_changes_nothing(self, terminal: Terminal, env: Path) -> None:
        env.write_text(OTHERS)
        async with typing_at(terminal, "init") as screen:
            await screen.answer(PROMPT, CTRL_C)
            code, said = await screen.end()
        assert code != 0
        assert "Traceback" not in said
        assert ([*terminal.folder.iterdir()], env.read_text()) == ([env], OTHERS)


class TestWithoutATerminal:
    async def test_the_token_comes_from_a_file_or_from_standard_input(self, terminal: Terminal) -> None:
        (terminal.folder / "old.env").write_text(f'# moved\nPAPERBOY_BACKUPS=3\nexport DISCORD_TOKEN="{TOKEN}"\n')
        ended = await asyncio.gather(
            terminal.run("--env-file", "b", "init", "--token-file", "old.env"),
            pipe(terminal, f"{TOKEN}\n", "--env-file", "c", "init"),
            pipe(terminal, f"DISCORD_TOKEN={TOKEN}\n", "--env-file", "d e", "init", "--token-file", "-"),
        )
        assert [(each.code, each.err) for each in ended] == [(0, "")] * 3
        for name, each in zip(["b", "c", "d e"], ended, strict=True):
            assert parse_values((terminal.folder / name).read_text()) == {"DISCORD_TOKEN": TOKEN}
            assert TOKEN not in each.out
        assert ended[2].out.endswith(f"Then start it: `paperboy --env-file '{terminal.folder}/d e' run`, {OR_ELSE}")

    async def test_a_token_that_is_there_is_kept_unless_a_yes_is_given(self, terminal: Terminal, env: Path) -> None:
        env.write_text(f"DISCORD_TOKEN=old\n{OTHERS}")
        ended = await pipe(terminal, TOKEN, "init")
        assert (ended.code, ended.out) == (2, "")
        assert is_one_clear_line(ended)
        assert "Add --yes to replace it" in ended.err
        assert env.read_text() == f"DISCORD_TOKEN=old\n{OTHERS}"
        assert (await pipe(terminal, TOKEN, "init", "--yes")).code == 0
        assert env.read_text() == f"DISCORD_TOKEN={TOKEN}\n{OTHERS}"

    async def test_without_a_token_it_says_how_to_give_one(self, terminal: Terminal, env: Path) -> None:
        env.write_text(OTHERS)
        nothing, missing, unknown = await asyncio.gather(
            pipe(terminal, "", "init"),
            terminal.run("init", "--token-file", "nowhere"),
            pipe(terminal, "MTIz.abc.topsecret", "init"),
        )
        for each in (nothing, missing, unknown):
            assert (each.code, each.out) == (2, "")
            assert is_one_clear_line(each), each.err
        assert "`paperboy init --token-file FILE`" in nothing.err
        assert missing.err.startswith("nowhere: it can't be read (No such file or directory).")
        assert "Discord does not know this token" in unknown.err
        assert env.read_text() == OTHERS

    async def test_where_nothing_can_be_written_it_says_so_before_anything_else(
        self, terminal: Terminal, env: Path, wire: Wire
    ) -> None:
        env.mkdir()
        folder, nowhere = await asyncio.gather(
            pipe(terminal, TOKEN, "init"), pipe(terminal, TOKEN, "--env-file", "nowhere/.env", "init")
        )
        for each in (folder, nowhere):
            assert (each.code, each.out) == (2, "")
            assert is_one_clear_line(each), each.err
        assert "Settings are lines in a file." in folder.err
        assert f"there is no folder {terminal.folder}/nowhere" in nowhere.err
        assert [*terminal.folder.iterdir()] == [env]
        assert wire.requests == []

    async def test_if_discord_cannot_be_asked_nothing_is_changed(
        self, terminal: Terminal, env: Path, wire: Wire
    ) -> None:
        env.write_text(OTHERS)
        wire.login_faults.extend([Fault(403, 0)])
        ended = await pipe(terminal, TOKEN, "init")
        assert (ended.code, ended.out) == (1, "")
        assert is_one_clear_line(ended), ended.err
        assert env.read_text() == OTHERS

    async def test_another_token_in_the_environment_is_pointed_out(self, terminal: Terminal, env: Path) -> None:
        terminal.environment["DISCORD_TOKEN"] = "another"
        ended = await pipe(terminal, TOKEN, "init")
        assert ended.code == 0
        assert ended.err.startswith("DISCORD_TOKEN is also set in the environment, to another token")


class TestInvite:
    async def test_the_link_alone_is_printed(self, terminal: Terminal, env: Path, wire: Wire) -> None:
        env.write_text(f"DISCORD_TOKEN={TOKEN}\nPAPERBOY_BACKUPS=daily\n")  # which concerns only the running bot
        wire.application["bot_public"] = False
        ended = await terminal.run("invite")
        assert (ended.code, ended.out) == (0, f"{INVITE}\n")
        assert ended.err.startswith("Only you can add the bot to a server: Public Bot is off")

    async def test_without_a_token_or_with_a_wrong_one_it_says_so_in_one_line(self, terminal: Terminal) -> None:
        (terminal.folder / "wrong").write_text("DISCORD_TOKEN=topsecret\n")
        missing, wrong = await terminal.run_all([("invite",), ("--env-file", "wrong", "invite")])
        for each, said in ((missing, "it is missing"), (wrong, "Discord does not know")):
            assert (each.code, each.out) == (2, "")
            assert is_one_clear_line(each)
            assert said in each.err
