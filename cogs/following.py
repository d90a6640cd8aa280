"""Following: `/follow`, `/following` and `/inbox`, by which papers come to a person. Everyone has them, everywhere."""

from discord import app_commands
from discord.ext import commands

from bot.client import PaperBot
from bot.layouts.follow_requests import FollowRequest
from bot.storage import How
from bot.text import join_lines
from cogs.helpers.cards import PAPER_OPTION, suggest_papers
from cogs.helpers.controls import Choices, Interaction, build_choices
from cogs.helpers.follow_requests import show_request
from cogs.helpers.following import show_following
from cogs.helpers.inbox import show_inbox
from cogs.helpers.suggestions import suggest_queries, suggest_timezones
from cogs.helpers.why import explain_paper


class Following(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(
        name="follow", description="Let papers come to you: by an author, about a topic, like another"
    )
    @app_commands.describe(
        query="As in /paper search, such as author:lecun, tag:agents, like:2605.29801 or min:50",
        how="Daily in one message, weekly, or at once when it has enough upvotes (default: daily)",
        time="The local time, such as 9:00 or 6:30pm (default: what you have, or 9:00)",
        timezone="Type a city and pick its time zone (default: what you have, or a guess from your language)",
    )
    @app_commands.choices(how=build_choices(How))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def follow(
        self,
        interaction: Interaction,
        query: str,
        how: str = How.DAILY.value,
        time: str = "",
        timezone: str = "",
    ) -> None:
        request = FollowRequest(join_lines(query), join_lines(time), join_lines(timezone))
        await show_request(interaction, request, How(how))

    @app_commands.command(name="following", description="See what you follow, change or stop it, or why a paper came")
    @app_commands.describe(paper=PAPER_OPTION)
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_following(self, interaction: Interaction, paper: str | None = None) -> None:
        if paper is None:
            await show_following(interaction)
        else:
            await explain_paper(interaction, paper)

    @app_commands.command(name="inbox", description="Let the best papers of the day or the week come to you")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_inbox(self, interaction: Interaction) -> None:
        await show_inbox(interaction)

    @follow.autocomplete("query")
    async def complete_query(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest_queries(interaction, typed)

    @show_following.autocomplete("paper")
    async def complete_paper(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest_papers(interaction, typed)

    @follow.autocomplete("timezone")
    async def complete_timezone(self, _: Interaction, typed: str) -> Choices:
        return suggest_timezones(typed)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Following(bot))
