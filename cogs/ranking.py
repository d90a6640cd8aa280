"""Ranking: `/top`, leaderboards by upvotes."""

from datetime import date as Date  # noqa: N812  # an option is called `date`

from discord import app_commands
from discord.ext import commands

from bot.answering import reply
from bot.client import PaperBot
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from cogs.helpers.controls import Interaction, build_choices
from cogs.helpers.pages import render_leaderboard_page


class Ranking(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(name="top", description="See the most upvoted papers of a day, week, month, year or all time")
    @app_commands.describe(
        period="What it covers (default: week)", date="A day in it, such as 2026-05-28 (default: today)"
    )
    @app_commands.choices(period=build_choices(Period))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_leaderboard(
        self, interaction: Interaction, period: str = Period.WEEK.value, date: str | None = None
    ) -> None:
        try:
            day = Date.fromisoformat(date.strip()) if date else self.bot.services.clock().date()
        except ValueError:
            raise Refused(Refusal.DATE_UNCLEAR) from None
        view = await render_leaderboard_page(interaction, Period(period), day, page=1, if_empty=Refusal.NOTHING_LISTED)
        await reply(interaction, view)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Ranking(bot))
