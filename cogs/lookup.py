"""Lookup: `/paper`, which finds past papers."""

from discord import app_commands
from discord.ext import commands

from bot.answering import reply
from bot.citations import CitationFormat
from bot.client import PaperBot
from bot.layouts.results import render_hub_results, render_leaderboard
from bot.lookups.finder import AGES
from bot.refusals import Refusal, Refused
from bot.search import Sort, parse_with_options
from bot.subscription.settings import MAX_UPVOTES
from cogs.helpers import cards, pages
from cogs.helpers.controls import Choices, Interaction, build_choices
from cogs.helpers.share_buttons import check_may_share
from cogs.helpers.suggestions import suggest_queries

PERIODS = {name: days for name, days in AGES.items() if days}


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Lookup(commands.GroupCog, name="paper", description="Find past papers"):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(name="search", description="Find papers by whatever you remember about them")
    @app_commands.describe(
        query='Words, "phrases", -not, author:, tag:, like:2605.29801, after:2026-05, min:50, has:code',
        sort="Which papers come first (default: relevance, with a small boost for upvotes)",
        period="How old papers may be (default: any age)",
        min_upvotes="Leave out papers with fewer upvotes (default: 0)",
        share="Show the page to everyone here (default: no)",
        everywhere="Also ask Hugging Face for papers that are not in the archive (default: no)",
    )
    @app_commands.choices(sort=build_choices(order.value for order in Sort), period=build_choices(PERIODS))
    async def search_papers(
        self,
        interaction: Interaction,
        query: str,
        sort: str = "",
        period: str = "",
        min_upvotes: app_commands.Range[int, 0, MAX_UPVOTES] = 0,
        share: bool = False,
        everywhere: bool = False,
    ) -> None:
        if not query.strip():
            raise Refused(Refusal.QUERY_EMPTY)
        if share:
            check_may_share(interaction)
        after = f"{PERIODS[period]}d" if period else ""
        today = self.bot.services.clock().date()
        parsed = parse_with_options(query, today, sort=sort, after=after, min_upvotes=min_upvotes)
        asked_hub = await pages.reply_with_results(interaction, parsed, shared=share)
        if everywhere and not asked_hub:
            papers = await self.bot.services.finder.search_beyond_archive(parsed)
            view = render_hub_results(parsed, papers, shared_by=interaction.user.id if share else None)
            await reply(interaction, view, ephemeral=not share)

    @search_papers.autocomplete("query")
    async def complete_query(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest_queries(interaction, typed)

    @app_commands.command(name="show", description="See everything about a paper, even one that is not in the archive")
    @app_commands.describe(paper=cards.PAPER_OPTION)
    async def show_paper(self, interaction: Interaction, paper: str) -> None:
        await cards.reply_with_best_match(interaction, paper)

    @app_commands.command(name="similar", description="Find papers similar to one you know")
    @app_commands.describe(paper=cards.PAPER_OPTION)
    async def show_similar_papers(self, interaction: Interaction, paper: str) -> None:
        await cards.reply_with_similar(interaction, await cards.find_referenced_paper(interaction, paper))

    @app_commands.command(name="cite", description="Get a citation to copy")
    @app_commands.describe(paper=cards.PAPER_OPTION, format_="How it is written (default: BibTeX)")
    @app_commands.rename(format_="format")
    @app_commands.choices(format_=build_choices(CitationFormat))
    async def cite_paper(
        self, interaction: Interaction, paper: str, format_: str = CitationFormat.BIBTEX.value
    ) -> None:
        cited = await cards.find_referenced_paper(interaction, paper)
        await cards.reply_with_citation(interaction, cited, CitationFormat(format_))

    @show_paper.autocomplete("paper")
    @show_similar_papers.autocomplete("paper")
    @cite_paper.autocomplete("paper")
    async def complete_paper(self, interaction: Interaction, typed: str) -> Choices:
        return await cards.suggest_papers(interaction, typed)

    @app_commands.command(name="random", description="Get a random paper, from all papers or those that match a query")
    @app_commands.describe(query="As in /paper search (default: all papers)")
    async def show_random_paper(self, interaction: Interaction, query: str = "") -> None:
        await cards.show_random_paper(interaction, pages.parse_query_today(interaction, query))

    @app_commands.command(name="today", description="See today's list so far, ranked by current upvotes")
    async def show_todays_list(self, interaction: Interaction) -> None:
        services = self.bot.services
        await reply(interaction, render_leaderboard(await services.finder.build_latest_leaderboard(services.clock())))

    @app_commands.command(name="posted", description="See what digests on this server highlighted, newest first")
    @app_commands.describe(period="How far back (default: month)")
    @app_commands.choices(period=build_choices(AGES))
    async def show_posted_papers(self, interaction: Interaction, period: str = "month") -> None:
        await reply(interaction, await pages.render_posted_page(interaction, period, 1))


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Lookup(bot))
