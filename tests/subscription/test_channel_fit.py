"""How a digest is posted, where the channel is of another kind than it was meant for."""

from typing import get_args

import pytest

from bot.subscription.settings import (
    ArchiveMinutes,
    ChannelAbilities,
    DigestLayout,
    PostingOptions,
    Selection,
    Threads,
    adapt_to_channel,
    limit_to_abilities,
)

TEXT = ChannelAbilities()
ANNOUNCEMENTS = ChannelAbilities(publish_limit=10)
FORUM = ChannelAbilities(threads=(Threads.PER_DIGEST, Threads.PER_PAPER), quiet_line=False, is_forum=True)
EVERYTHING = PostingOptions(publish=True, silent=True, quiet_line=True, ping_role_id=7, ping_upvotes=50)


def test_only_a_channel_with_followers_publishes() -> None:
    assert limit_to_abilities(EVERYTHING, ANNOUNCEMENTS).publish
    assert not limit_to_abilities(EVERYTHING, TEXT).publish
    assert not limit_to_abilities(PostingOptions(), ANNOUNCEMENTS).publish


def test_no_forum_gets_a_post_that_only_says_there_is_nothing() -> None:
    assert limit_to_abilities(EVERYTHING, TEXT).quiet_line
    assert not limit_to_abilities(EVERYTHING, FORUM).quiet_line
    assert not limit_to_abilities(PostingOptions(), TEXT).quiet_line


def test_what_every_channel_can_do_stays_as_it_was() -> None:
    fitted = limit_to_abilities(EVERYTHING, FORUM)
    assert (fitted.silent, fitted.ping_role_id, fitted.ping_upvotes) == (True, 7, 50)


@pytest.mark.parametrize("threads", Threads)
def test_a_channel_with_threads_keeps_where_people_discuss(threads: Threads) -> None:
    assert limit_to_abilities(PostingOptions(threads=threads), TEXT).threads is threads


def test_in_a_forum_there_is_always_a_thread() -> None:
    assert limit_to_abilities(PostingOptions(threads=Threads.NONE), FORUM).threads is Threads.PER_DIGEST
    assert limit_to_abilities(PostingOptions(threads=Threads.PER_PAPER), FORUM).threads is Threads.PER_PAPER


@pytest.mark.parametrize(
    ("chosen", "before", "after", "becomes"),
    [
        (Threads.NONE, TEXT, FORUM, Threads.PER_DIGEST),
        (Threads.PER_DIGEST, FORUM, TEXT, Threads.NONE),  # it was only what a forum does
        (Threads.PER_PAPER, FORUM, TEXT, Threads.PER_PAPER),
        (Threads.PER_DIGEST, TEXT, ANNOUNCEMENTS, Threads.PER_DIGEST),
        (Threads.NONE, TEXT, ANNOUNCEMENTS, Threads.NONE),
    ],
)
def test_a_choice_moves_with_the_digest_and_a_habit_of_the_old_channel_does_not(
    chosen: Threads, before: ChannelAbilities, after: ChannelAbilities, becomes: Threads
) -> None:
    assert adapt_to_channel(PostingOptions(threads=chosen), before, after).threads is becomes


def test_a_move_leaves_behind_what_the_new_channel_cannot_do() -> None:
    moved = adapt_to_channel(EVERYTHING, ANNOUNCEMENTS, FORUM)
    assert (moved.publish, moved.quiet_line, moved.silent) == (False, False, True)


def test_who_chooses_nothing_gets_five_papers_a_day_as_a_list_without_pings_threads_or_filters() -> None:
    assert Selection() == Selection(size=5, min_upvotes=0, risers=1, filter="", allow_repeats=False)
    assert PostingOptions() == PostingOptions(
        layout=DigestLayout.LIST,
        threads=Threads.NONE,
        archive_after=1440,
        publish=False,
        ping_role_id=None,
        ping_upvotes=0,
        silent=False,
        quiet_line=False,
    )


def test_a_thread_can_be_archived_after_the_times_that_discord_knows() -> None:
    assert get_args(ArchiveMinutes) == (60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60)


@pytest.mark.parametrize("threads", Threads)
def test_highlights_have_messages_of_their_own_only_where_each_is_discussed(threads: Threads) -> None:
    assert PostingOptions(threads=threads).has_message_per_paper is (threads is Threads.PER_PAPER)
