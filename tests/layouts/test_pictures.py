"""Pictures of the cards layout."""

import pytest

from bot.layouts.card import render_paper_card
from bot.lookups.finder import PaperDetails
from tests.support.builders import build_settings, digest_message, highlight_message, paper
from tests.support.layouts import CARDS, COMPACT, NONCE, check, components_of, digest_of, pictures, ten


def test_cards_begin_with_the_picture_of_the_first_highlight() -> None:
    digest = digest_of(*ten())
    view = digest_message(digest, CARDS, NONCE)
    assert check(view) == check(digest_message(digest, build_settings(), NONCE))
    (container,) = components_of(view)
    assert [each["type"] for each in container["components"]] == [10, 14, 12, 10, 1, 10, 1, 1, 1]
    assert [each["media"]["url"] for each in pictures(view)] == [digest.highlights[0].paper.thumbnail_url]
    assert [pictures(digest_message(digest, each, NONCE)) for each in (build_settings(), COMPACT)] == [[], []]


CDN = "https://cdn-uploads.huggingface.co/production/uploads"


@pytest.mark.parametrize(
    ("urls", "shown"),
    [
        ([f"{CDN}/a.mp4", f"{CDN}/b.qt", f"{CDN}/c.webm", f"{CDN}/d.png", f"{CDN}/e.gif"], f"{CDN}/d.png"),
        ([f"{CDN}/a.JPEG"], f"{CDN}/a.JPEG"),
        ([f"{CDN}/a.webp?size=9#top"], f"{CDN}/a.webp?size=9#top"),
        ([f"{CDN}/a.gif"], f"{CDN}/a.gif"),
        ([f"{CDN}/a.jpg"], f"{CDN}/a.jpg"),
        ([f"{CDN}/a.mp4?as=.png", f"{CDN}/a.mp4#.png", "https://a.png", "ftp://a/b.png", "data:,/a.png"], None),
        ([f"{CDN}/png", f"{CDN}/a.svg", f"{CDN}/a.png/", f"{CDN}/a.pngx"], None),
        ([f"{CDN}/{'a' * 500}.png"], None),
        ([f"{CDN}/".ljust(496, "a") + ".png"], f"{CDN}/".ljust(496, "a") + ".png"),
        ([], None),
    ],
)
def test_a_picture_is_the_first_figure_that_is_no_video_or_else_the_papers_card(
    urls: list[str], shown: str | None
) -> None:
    known = paper("2601.00001", media_urls=tuple(urls))
    view = digest_message(digest_of(known), CARDS, NONCE)
    check(view)
    (item,) = pictures(view)
    assert item["media"]["url"] == (shown or known.thumbnail_url)
    assert item["description"] == f"{'Figure' if shown else 'Card'} of “Paper 2601.00001”"


def test_the_description_of_a_picture_is_plain_and_short_enough() -> None:
    view = digest_message(digest_of(paper("2601.00001", title="_A_ *long* [title] " * 99)), CARDS, NONCE)
    check(view)
    (item,) = pictures(view)
    assert item["description"].startswith("Card of “_A_ *long* [title] _A_")
    assert item["description"].endswith("…”")
    assert len(item["description"]) <= 220


def test_with_cards_each_highlight_in_its_own_message_has_its_own_picture() -> None:
    digest = digest_of(*ten())
    for number, each in enumerate(digest.highlights, 1):
        assert [item["media"]["url"] for item in pictures(highlight_message(digest, number, CARDS, NONCE))] == [
            each.paper.thumbnail_url
        ]
    assert not any(pictures(highlight_message(digest, 1, each, NONCE)) for each in (build_settings(), COMPACT))


def test_a_card_has_the_papers_figure_with_words_for_it_and_never_a_generated_picture() -> None:
    figured = paper("2601.00001", media_urls=(f"{CDN}/a.mp4", f"{CDN}/b.png"))
    (item,) = pictures(render_paper_card(PaperDetails(figured)))
    assert item["media"]["url"] == f"{CDN}/b.png"
    assert item["description"] == "Figure of “Paper 2601.00001”"
    assert pictures(render_paper_card(PaperDetails(figured), with_figure=False)) == []
    for urls in ((), (f"{CDN}/a.mp4",)):
        assert pictures(render_paper_card(PaperDetails(paper("2601.00001", media_urls=urls)))) == []
