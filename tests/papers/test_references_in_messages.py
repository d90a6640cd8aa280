# ruff: noqa: RUF001 - people write in many scripts
"""All papers that a message refers to, and numbers and links that only look like it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers import References, find_references, parse_paper_id
from tests.support.shared_cases import shared_cases

TODAY = date(2026, 11, 27)


def find(text: str) -> list[str]:
    return list(find_references(text, TODAY).paper_ids)


@pytest.mark.parametrize(
    ("message", "known"),
    [
        ("has anyone read https://arxiv.org/abs/2605.29801v3? or hf.co/papers/2605.28820.", "2605.29801 2605.28820"),
        (
            "[this](https://arxiv.org/pdf/2605.29801.pdf) [that](<https://hf.co/papers/2605.28820>)",
            "2605.29801 2605.28820",
        ),
        ("||https://arxiv.org/abs/2605.29801|| ||2605.28820||", "2605.29801 2605.28820"),
        ("```\n2605.29801\nhttps://arxiv.org/abs/2605.28820\n```", "2605.29801 2605.28820"),
        ("`2605.29801` **2605.28820** ~~2605.28821~~", "2605.29801 2605.28820 2605.28821"),
        ("2605.29801, 2605.28820; 2605.28821", "2605.29801 2605.28820 2605.28821"),
        (
            "2605.29801,2605.28820;2605.28821&2605.28822+2605.28823",
            "2605.29801 2605.28820 2605.28821 2605.28822 2605.28823",
        ),
        ("2605.29801/2605.28820-2605.28821", "2605.29801 2605.28820 2605.28821"),
        ("2605.29801 2605.29801v2 arxiv.org/abs/2605.29801", "2605.29801"),
        ("https://arxiv.org/abs/2605.29801?utm_source=x&utm_medium=y", "2605.29801"),
        ("https://arxiv.org/abs/2605.29801&utm_source=x", "2605.29801"),
        ("看这篇https://arxiv.org/abs/2605.29801，很好", "2605.29801"),
        ("看arxiv.org/abs/2605.29801。还有2605.28820、2605.28821", "2605.29801 2605.28820 2605.28821"),
        ("(see https://arxiv.org/abs/2605.29801)and more", "2605.29801"),
        ("arXiv:2605.29801v1 [cs.CL] 5 May 2026", "2605.29801"),
        ("doi: 10.48550/arXiv.2605.29801", "2605.29801"),
        ("> quoted https://www.alphaxiv.org/abs/2605.29801\n- 2605.28820", "2605.29801 2605.28820"),
        ("cs/0112017 and math.GT/0309136", "cs/0112017 math.GT/0309136"),
        ("the classics: 1706.03762, 1412.6980, 0704.0001", "1706.03762 1412.6980 0704.0001"),
        ("2605.29801 points out what 2605.28820 misses", "2605.29801 2605.28820"),
        ("2605.29801v1.pdf", "2605.29801"),
    ],
)
def test_every_paper_is_found_in_its_order_and_once(message: str, known: str) -> None:
    assert find(message) == known.split()


@pytest.mark.parametrize(
    "message",
    [
        "it costs $2605.12345, or 2605.12345 USD, 2605.12345€ or € 2605.12345",
        "took 1205.1234 ms, up 1205.1234 %",
        "at 12:05.12345, from 10.26.05.12345 or 192.168.1605.12345",
        "pi is 3.14159, 1234.56789 is too big",
        "12605.12345 2605.123456 2605.1234567 1.2605.12345 2605.12345.6",
        "2613.12345 2600.12345 9905.12345",  # no month, and a year to come
        "2612.00001",  # a month to come
        "2605.1234 1405.12345",  # four digits until 2014, five since
        "0703.0001",  # ids had no point yet
        "version v2605.12345, build-2605.12345, #2605.12345",
        "physics/1234567",
        "https://evil.example/2605.12345 evil.example/a,2605.12345",
        "10.1038/2605.12345",
        "<@2605123456789> <t:1790000000:R> <:paper:2605123451234>",
    ],
)
def test_what_only_looks_like_an_id_is_none(message: str) -> None:
    assert find(message) == []


@pytest.mark.parametrize(
    ("message", "others"),
    [
        ("https://example.org/paper.pdf for 2605.29801", ["https://example.org/paper.pdf"]),
        ("https://notgithub.com/a https://x.company/b", ["https://notgithub.com/a", "https://x.company/b"]),
        ("https://huggingface.co/papers/2605.1", ["https://huggingface.co/papers/2605.1"]),
        ("doi:10.1038/nature14539, www.example.org/x", ["doi:10.1038/nature14539", "www.example.org/x"]),
        ("https://arxiv.org/list/cs.CL/new https://arxiv.org/list/cs.CL/new", ["https://arxiv.org/list/cs.CL/new"]),
        ("GPT-4o and/or node.js", []),
    ],
)
def test_links_that_lead_to_something_else_are_told(message: str, others: list[str]) -> None:
    assert list(find_references(message, TODAY).others) == others


@pytest.mark.parametrize(
    "link",
    [
        *(
            "https://github.com/owner/code",
            "http://www.github.com",
            "gitlab.com/a/b",
            "https://raw.githubusercontent.com/a",
        ),
        *("https://huggingface.co/meta/model", "https://hf.co/datasets/a/b", "https://huggingface.co/spaces/a/b"),
        *("https://huggingface.co/papers/date/2026-01-15", "https://huggingface.co/papers/trending"),
        *(
            "https://discord.com/channels/1/2/3",
            "https://cdn.discordapp.com/a.png",
            "https://media.discordapp.net/a.png",
        ),
        *("https://x.com/a/status/1", "https://youtu.be/a", "https://www.youtube.com/watch?v=a", "https://tenor.com/a"),
    ],
)
def test_a_link_to_code_talk_or_pictures_is_not_told_to_be_no_paper(link: str) -> None:
    assert find_references(f"2605.29801 {link}", TODAY) == References(("2605.29801",), ())


@pytest.mark.parametrize(("text", "known"), shared_cases("references"))
def test_what_people_really_paste_is_found_within_a_message(text: str, known: str) -> None:
    assert find(f"look at {text} please") == ([] if known == "-" else [known])


@given(st.text() | st.from_regex(r"(.{0,3}(https?://)?(hf\.co/papers/|arxiv:)?\d{3,5}\.\d{3,6}.{0,5}){1,4}"))
def test_any_message_gives_ids_that_are_known_by_themselves(message: str) -> None:
    found = find(message)
    assert [parse_paper_id(each) for each in found] == found
    assert len(set(found)) == len(found)


def test_the_longest_messages_are_read_at_once() -> None:
    for piece in ("1,", "2605.12345 ", "https://arxiv.org/abs/", "((((", "a.a.a/", "9", "€1", "||"):
        find(piece * 40_000)
