"""A healthy set-up: nothing is found, and it is said how it is."""

from bot.findings import Kind
from bot.layouts.doctor import describe_verdict
from tests.support.doctor import SetUp, list_problems


async def test_nothing_is_wrong_with_what_the_bot_itself_set_up(set_up: SetUp) -> None:
    examined = await set_up.examine()
    assert list_problems(examined) == {}
    assert describe_verdict(examined) == "Nothing is wrong."
    assert all(each.findings for each in examined)


async def test_the_sizes_of_backups_tell_how_much_the_database_grows_in_a_month(set_up: SetUp) -> None:
    set_up.back_up(days_ago=10)
    set_up.change("UPDATE papers SET abstract = hex(randomblob(50000)) WHERE change = (SELECT min(change) FROM papers)")
    set_up.back_up()
    examined = await set_up.examine()
    assert list_problems(examined) == {}
    facts = {finding.kind: finding.facts for each in examined for finding in each.findings}
    assert 250_000 <= facts[Kind.DATABASE_FINE]["growth"] <= 350_000
    assert facts[Kind.BACKUPS_FINE]["number"] == 2
