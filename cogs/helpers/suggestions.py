"""What the options of several commands suggest while somebody types."""

from discord import app_commands

from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, cut_plain
from bot.subscription.timezones import find_similar_places, find_timezones
from cogs.helpers.controls import Choices, Interaction, build_choices


async def suggest_queries(interaction: Interaction, typed: str) -> Choices:
    """Queries that may be meant."""
    services = interaction.client.services
    completions = await services.completer.complete_query(typed, services.clock().date())
    labels = {each.value: each.label for each in completions if len(each.value) <= MAX_CHOICE}
    return [app_commands.Choice(name=cut_plain(labels[value], MAX_CHOICE), value=value) for value in labels]


def suggest_timezones(typed: str) -> Choices:
    """Time zones that may be meant."""
    found = find_timezones(typed)[:MAX_CHOICES]
    if found:
        return build_choices(found)
    return [
        app_commands.Choice(name=cut_plain(f"{place.name} ({place.timezone})", MAX_CHOICE), value=place.timezone)
        for place in find_similar_places(typed)[:MAX_CHOICES]
    ]
