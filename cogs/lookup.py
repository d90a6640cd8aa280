"""Look-ups: `/paper`, which finds a past paper again."""

from random import SystemRandom

from discord import app_commands
from discord.ext import commands

from bot.answering import Mistake, reply
from bot.client import PaperBot
from bot.layouts import replies
from bot.layouts.citation import citation
from bot.layouts.text import MAX_CHOICE, escape, plain
from bot.lookups.citations import Format
from bot.lookups.finder import AGES
from bot.ranking import Period
from bot.search import Sort, composed
from bot.subscription.settings import MOST_UPVOTES
from cogs import details, pages
from cogs.controls import Choices, Interaction

CONTROLS = (
    pages.FoundPage,
    pages.ShareButton,
    pages.PostedPage,
    details.PickSelect,
    details.TagSelect,
    details.SimilarButton,
    details.CiteButton,
)
PERIODS = {name: days for name, days in AGES.items() if days}


def _choices(*values: str) -> Choices:
    return [app_commands.Choice(name=value, value=value) for value in values]


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class Lookup(commands.GroupCog, name="paper", description="Find past papers"):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.chance = SystemRandom()

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(*CONTROLS)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(*CONTROLS)

    @app_commands.command(name="search", description="Find papers by whatever you remember of them")
    @app_commands.describe(
        query='words, "phrases", -not, author:, org:, tag:, after:2026-05, min:50, has:code',
        sort="which come first (relevance, pulled a little towards upvotes)",
        period="how old they may be (any age)",
        min_upvotes="leave out papers with fewer upvotes (0)",
        share="show the page to everybody here (no)",
        everywhere="ask Hugging Face too, for papers that are not in the archive (no)",
    )
    @app_commands.choices(sort=_choices(*(order.value for order in Sort)), period=_choices(*PERIODS))
    async def search(
        self,
        interaction: Interaction,
        query: str,
        sort: str = "",
        period: str = "",
        min_upvotes: app_commands.Range[int, 0, MOST_UPVOTES] = 0,
        share: bool = False,
        everywhere: bool = False,
    ) -> None:
        if not query.strip():
            raise Mistake(replies.NO_QUERY)
        if share:
            pages.check_may_share(interaction)
        after = f"{PERIODS[period]}d" if period else ""
        wanted = composed(query, self.bot.house.clock().date(), sort=sort, after=after, min_upvotes=min_upvotes)
        await pages.show_found(interaction, wanted, shared=share)
        if everywhere:
            await reply(interaction, await pages.hub_page(self.bot.house, wanted), ephemeral=not share)

    @search.autocomplete("query")
    async def complete_query(self, _: Interaction, typed: str) -> Choices:
        completions = await self.bot.house.completer.queries(typed, self.bot.house.clock().date())
        fitting = {each.value: each.label for each in completions if len(each.value) <= MAX_CHOICE}
        return [app_commands.Choice(name=plain(fitting[value], MAX_CHOICE), value=value) for value in fitting]

    @app_commands.command(name="show", description="Everything known of a paper, even one the archive lacks")
    @app_commands.describe(paper=details.A_PAPER)
    async def show(self, interaction: Interaction, paper: str) -> None:
        await details.show_card(interaction, await details.meant_paper(interaction, paper))

    @app_commands.command(name="similar", description="Papers like one that you know")
    @app_commands.describe(paper=details.A_PAPER)
    async def similar(self, interaction: Interaction, paper: str) -> None:
        await details.show_similar(interaction, await details.meant_paper(interaction, paper))

    @app_commands.command(name="cite", description="A citation to copy")
    @app_commands.describe(paper=details.A_PAPER, format_="how it is written (BibTeX)")
    @app_commands.rename(format_="format")
    @app_commands.choices(format_=_choices(*Format))
    async def cite(self, interaction: Interaction, paper: str, format_: str = Format.BIBTEX.value) -> None:
        await reply(interaction, citation(await details.meant_paper(interaction, paper), Format(format_)))

    @show.autocomplete("paper")
    @similar.autocomplete("paper")
    @cite.autocomplete("paper")
    async def complete_paper(self, interaction: Interaction, typed: str) -> Choices:
        return await details.paper_choices(interaction, typed)

    @app_commands.command(name="random", description="A random paper, of all or of those that match a query")
    @app_commands.describe(query="as in /paper search (all papers)")
    async def random(self, interaction: Interaction, query: str = "") -> None:
        wanted = pages.read_query(interaction, query)
        paper = await self.bot.house.finder.random(wanted, self.chance)
        if paper is None:
            raise Mistake(replies.no_results(escape(plain(wanted.text, 300))) if wanted.text else replies.EMPTY_ARCHIVE)
        await details.show_card(interaction, paper)

    @app_commands.command(name="today", description="Today's list so far, ranked by upvotes as they are now")
    async def today(self, interaction: Interaction) -> None:
        house = self.bot.house
        today = house.clock().date()
        latest = await house.storage.papers.latest_listed_day(today)
        if latest is None:
            raise Mistake(replies.EMPTY_ARCHIVE)
        remarks = () if latest == today else (replies.latest_instead(latest),)
        view = await pages.leaderboard_page(house, Period.DAY, latest, 1, *remarks)
        assert view  # a listed day has papers
        await reply(interaction, view)

    @app_commands.command(name="posted", description="What digests on this server highlighted, newest first")
    @app_commands.describe(period="how far back (month)")
    @app_commands.choices(period=_choices(*AGES))
    async def posted(self, interaction: Interaction, period: str = "month") -> None:
        await reply(interaction, await pages.posted_page(interaction, period, 1))


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Lookup(bot))
