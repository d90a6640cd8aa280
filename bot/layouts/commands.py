"""Commands that texts name, such as `/digest undo`: people click them where Discord shows them as mentions.

Texts are written with a command's name as code. Just before one is sent, the names become mentions, if the ids of the
commands are known and the longer text still fits. Labels, placeholders, choices and titles are left alone: there,
Discord shows no mentions.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from discord.ui import LayoutView, TextDisplay

from bot.layouts.fitting import fits_discord
from bot.layouts.text import MAX_CONTENT

PAPERS_IN_MESSAGE = "Papers in this message"  # the command in the Apps menu of a message
_NAMED = re.compile(r"(?<![\\`])`/([-\w]+(?: [-\w]+)*)`(?!`)")


@dataclass(frozen=True, slots=True)
class RunnableCommand:
    """A command that can be run: its full name, the id of its root command, and whether it only works in a server."""

    name: str
    id: int
    needs_server: bool = False


class CommandMentions:
    """Turns the names of commands in messages into mentions. It knows no commands until it has learnt them."""

    def __init__(self) -> None:
        self._commands: Mapping[str, RunnableCommand] = {}

    def learn_commands(self, commands: Iterable[RunnableCommand]) -> None:
        """The commands that Discord has from now on."""
        self._commands = {each.name: each for each in commands}

    def mention_in_text(self, text: str, *, in_server: bool = True) -> str:
        """The content of a message with every command that people can run there as a mention."""
        mentioned = self._mention_in_text(text, in_server=in_server)
        return mentioned if len(mentioned) <= MAX_CONTENT else text

    def mention_in_view(self, view: LayoutView, *, in_server: bool = True) -> LayoutView:
        """The same for all texts of a layout, which is changed in place."""
        for display in [each for each in view.walk_children() if isinstance(each, TextDisplay)]:
            before, display.content = display.content, self._mention_in_text(display.content, in_server=in_server)
            if display.content != before and not fits_discord(view):
                display.content = before
        return view

    def _mention_in_text(self, text: str, *, in_server: bool) -> str:
        def mention(found: re.Match[str]) -> str:
            command = self._commands.get(found[1])
            if command is None or (command.needs_server and not in_server):
                return found[0]
            return f"</{command.name}:{command.id}>"

        return _NAMED.sub(mention, text)
