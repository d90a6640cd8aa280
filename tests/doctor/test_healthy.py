"""A healthy set-up: nothing is found."""

from bot.layouts.doctor import describe_verdict
from tests.support.doctor import SetUp, list_problems


async def test_nothing_is_wrong_with_what_the_bot_itself_set_up(set_up: SetUp) -> None:
    examined = await set_up.examine()
    assert list_problems(examined) == {}
    assert describe_verdict(examined) == "Nothing is wrong."
    assert all(each.findings for each in examined)
