"""Ranking: `/top`, leaderboards by upvotes."""

from discord import app_commands
from discord.ext import commands

from bot.answering import reply
from bot.client import PaperBot
from bot.dates import read_date
from bot.layouts.results import name_period
from bot.lookups.completer import complete_dates
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from bot.search import AmbiguousDate
from cogs.helpers.controls import Choices, Interaction, build_choices
from cogs.helpers.pages import render_leaderboard_page


class Ranking(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(name="top", description="See the most upvoted papers of a day, week, month, year or all time")
    @app_commands.describe(
        period="What it covers (default: what the date names, or else this week)",
        date="Such as yesterday, 28 May, last week or 2026-05 (default: today)",
    )
    @app_commands.choices(period=build_choices(Period))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_leaderboard(
        self, interaction: Interaction, period: str | None = None, date: str | None = None
    ) -> None:
        today = self.bot.services.clock().date()
        typed = read_date(date, today) if date else None
        if date and typed is None:
            raise Refused(Refusal.DATE_UNCLEAR, text=today.isoformat())
        covered = Period(period) if period else Period(typed.span.value) if typed else Period.WEEK
        ambiguous = AmbiguousDate(date, typed.first, typed.other) if date and typed and typed.other else None
        view = await render_leaderboard_page(
            interaction,
            covered,
            typed.first if typed else today,
            page=1,
            ambiguous_date=ambiguous,
        )
        await reply(interaction, view)

    @show_leaderboard.autocomplete("date")
    async def complete_date(self, _: Interaction, typed: str) -> Choices:
        dates = complete_dates(typed, self.bot.services.clock().date())
        return [app_commands.Choice(name=name_period(each.period, each.day), value=each.value) for each in dates]


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Ranking(bot))
