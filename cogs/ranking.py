"""Ranking: `/top`, leaderboards by upvotes."""

from datetime import date as Date  # noqa: N812  # an option is called `date`

from discord import app_commands
from discord.ext import commands

from bot.answering import Mistake, reply
from bot.client import PaperBot
from bot.layouts import replies
from bot.ranking import Period
from cogs.controls import Interaction
from cogs.pages import TopPage, leaderboard_page


class Ranking(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(TopPage)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(TopPage)

    @app_commands.command(name="top", description="The most upvoted papers of a day, week, month, year or ever")
    @app_commands.describe(period="what the leaderboard covers (week)", date="a day in it, such as 2026-05-28 (today)")
    @app_commands.choices(period=[app_commands.Choice(name=each.value, value=each.value) for each in Period])
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def top(self, interaction: Interaction, period: str = Period.WEEK.value, date: str | None = None) -> None:
        try:
            day = Date.fromisoformat(date.strip()) if date else self.bot.house.clock().date()
        except ValueError:
            raise Mistake(replies.BAD_DATE) from None
        view = await leaderboard_page(self.bot.house, Period(period), day, page=1)
        if view is None:
            raise Mistake(replies.NO_PAPERS)
        await reply(interaction, view)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Ranking(bot))
