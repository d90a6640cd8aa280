"""The addresses of feeds lead to the port as people outside reach it, whatever was typed."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feed_addresses import MAX_LENGTH, MAX_QUERY, FeedAddresses, FeedFormat, build_daily_path, build_weekly_path
from bot.settings import BotSettings, read_settings

FEEDS = FeedAddresses("https://papers.example")


@pytest.mark.parametrize(
    ("public", "daily"),
    [
        ("https://papers.example", "https://papers.example/feeds/daily.atom"),
        ("https://papers.example/", "https://papers.example/feeds/daily.atom"),
        ("http://a.example:8080/paperboy/", "http://a.example:8080/paperboy/feeds/daily.atom"),
        ("https://bücher.example", "https://xn--bcher-kva.example/feeds/daily.atom"),
    ],
)
def test_a_feed_is_below_the_address_that_the_operator_set(
    monkeypatch: pytest.MonkeyPatch, public: str, daily: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("PAPERBOY_PUBLIC_URL", public)
    feeds = read_settings(BotSettings).feed_addresses
    assert feeds
    assert feeds.build(build_daily_path(FeedFormat.ATOM)) == daily


def test_each_feed_has_an_address_in_both_formats() -> None:
    assert FEEDS.build(build_weekly_path(FeedFormat.JSON)) == "https://papers.example/feeds/weekly.json"
    assert FEEDS.build_server("a-key", FeedFormat.ATOM) == "https://papers.example/feeds/servers/a-key.atom"
    address = FEEDS.build_search("has:code tag:robotics", FeedFormat.ATOM)
    assert address == "https://papers.example/feeds/search.atom?q=has:code+tag:robotics"


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=MAX_QUERY + 20))
def test_any_query_is_what_its_feeds_address_asks_for(query: str) -> None:
    address = FEEDS.build_search(query, FeedFormat.ATOM)
    if address is None:
        assert len(query) > MAX_QUERY or len(query.encode()) * 3 > MAX_LENGTH - 100
        return
    assert address.isascii()
    assert len(address) <= MAX_LENGTH
    assert parse_qs(urlsplit(address).query, keep_blank_values=True) == {"q": [query]}


def test_no_query_and_a_very_long_one_have_no_feed() -> None:
    assert FEEDS.build_search("", FeedFormat.ATOM) is None
    assert FEEDS.build_search("x" * (MAX_QUERY + 1), FeedFormat.ATOM) is None
    assert FEEDS.build_search("論" * MAX_QUERY, FeedFormat.ATOM) is None


def test_without_the_setting_there_are_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.delenv("PAPERBOY_PUBLIC_URL", raising=False)
    assert read_settings(BotSettings).feed_addresses is None
