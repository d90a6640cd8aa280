"""The rule by which a server's settings decide who may use `/digest`, for buttons as Discord has it for commands."""

import pytest

from bot.command_access import CommandUser, Override, Overrides, Target, find_access_refusal
from bot.refusals import Refusal

SERVER, HERE, ELSEWHERE, GRACE, ADA, CURATORS, NEWCOMERS = 1000, 11, 12, 21, 22, 31, 32
EVERYONE, ALL_CHANNELS = SERVER, SERVER - 1  # Discord's ids for them


def role(role_id: int, is_allowed: bool) -> Override:
    return Override(Target.ROLE, role_id, is_allowed)


def member(user_id: int, is_allowed: bool) -> Override:
    return Override(Target.MEMBER, user_id, is_allowed)


def channel(channel_id: int, is_allowed: bool) -> Override:
    return Override(Target.CHANNEL, channel_id, is_allowed)


def ask(
    of_command: tuple[Override, ...] = (), of_app: tuple[Override, ...] = (), *, manage_server: bool = False
) -> Refusal | None:
    """What Grace hears, who is a curator and a newcomer."""
    grace = CommandUser(SERVER, HERE, GRACE, frozenset({EVERYONE, CURATORS, NEWCOMERS}), manage_server)
    return find_access_refusal(grace, Overrides(of_command, of_app))


ALLOWED = {
    "her role is allowed": [role(CURATORS, True)],
    "she is allowed": [member(GRACE, True)],
    "everyone is allowed": [role(EVERYONE, True)],
    "one of her roles is allowed and another is not": [role(NEWCOMERS, False), role(CURATORS, True)],
    "her role is allowed and everyone else is not": [role(EVERYONE, False), role(CURATORS, True)],
    "she is allowed and her role is not": [role(CURATORS, False), member(GRACE, True)],
    "the channel is allowed among none": [channel(ALL_CHANNELS, False), channel(HERE, True), role(CURATORS, True)],
    "another channel is not allowed": [channel(ELSEWHERE, False), role(CURATORS, True)],
    "somebody else is not allowed": [member(ADA, False), role(CURATORS, True)],
}
DENIED = {
    "her role is not allowed": [role(CURATORS, False)],
    "none of her roles is": [role(CURATORS, False), role(NEWCOMERS, False), role(EVERYONE, True)],
    "she is not, though her role is": [member(GRACE, False), role(CURATORS, True)],
    "everyone is not": [role(EVERYONE, False)],
    "the channel is not, though she is": [channel(HERE, False), member(GRACE, True)],
    "no channel is": [channel(ALL_CHANNELS, False), member(GRACE, True)],
    "no channel but another is": [channel(ALL_CHANNELS, False), channel(ELSEWHERE, True), member(GRACE, True)],
}
UNDECIDED = {
    "nothing is decided": [],
    "somebody else is allowed": [member(ADA, True)],
    "another channel is not allowed": [channel(ELSEWHERE, False)],
    "the channel alone is allowed": [channel(HERE, True)],
}


@pytest.mark.parametrize("manage_server", [False, True])
@pytest.mark.parametrize("decided", ALLOWED.values(), ids=ALLOWED.keys())
def test_whom_the_settings_of_the_command_allow_needs_no_permission(
    decided: list[Override], manage_server: bool
) -> None:
    assert ask(tuple(decided), manage_server=manage_server) is None


@pytest.mark.parametrize("manage_server", [False, True])
@pytest.mark.parametrize("decided", DENIED.values(), ids=DENIED.keys())
def test_whom_the_settings_of_the_command_deny_is_refused_even_with_manage_server(
    decided: list[Override], manage_server: bool
) -> None:
    assert ask(tuple(decided), manage_server=manage_server) is Refusal.COMMAND_DENIED


@pytest.mark.parametrize("decided", UNDECIDED.values(), ids=UNDECIDED.keys())
def test_where_the_settings_decide_nothing_manage_server_is_needed(decided: list[Override]) -> None:
    assert ask(tuple(decided)) is Refusal.MANAGE_SERVER_NEEDED
    assert ask(tuple(decided), manage_server=True) is None


@pytest.mark.parametrize("decided", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_settings_of_the_whole_app_give_nobody_more_than_the_default(decided: list[Override]) -> None:
    assert ask(of_app=tuple(decided)) is Refusal.MANAGE_SERVER_NEEDED
    assert ask(of_app=tuple(decided), manage_server=True) is None


@pytest.mark.parametrize("decided", DENIED.values(), ids=DENIED.keys())
def test_the_settings_of_the_whole_app_can_deny(decided: list[Override]) -> None:
    assert ask(of_app=tuple(decided), manage_server=True) is Refusal.COMMAND_DENIED


def test_the_settings_of_the_command_come_before_those_of_the_app() -> None:
    assert ask((role(CURATORS, True),), (member(GRACE, False),)) is None
    assert ask((channel(HERE, True), role(CURATORS, True)), (channel(HERE, False),)) is None
    assert ask((channel(ALL_CHANNELS, True), role(CURATORS, True)), (channel(HERE, False),)) is None
    assert ask((role(EVERYONE, False),), (member(GRACE, True),)) is Refusal.COMMAND_DENIED
