"""Weekdays as people type them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refusal, Refused
from bot.subscription.schedule import EVERY_DAY, parse_weekdays, suggest_weekdays


class TestWeekdays:
    @pytest.mark.parametrize(
        ("text", "days"),
        [
            ("every day", "0123456"),
            ("Every Day", "0123456"),
            ("  every   day ", "0123456"),
            ("everyday", "0123456"),
            ("daily", "0123456"),
            ("all", "0123456"),
            ("weekdays", "01234"),
            ("Weekday", "01234"),
            ("weekends", "56"),
            ("weekend", "56"),
            ("Monday", "0"),
            ("monday", "0"),
            ("Mondays", "0"),
            ("mon", "0"),
            ("Mo", "0"),
            ("tue", "1"),
            ("tues", "1"),
            ("wed", "2"),
            ("weds", "2"),
            ("thu", "3"),
            ("thur", "3"),
            ("thurs", "3"),
            ("fri", "4"),
            ("sat", "5"),
            ("sun", "6"),
            ("su", "6"),
            ("mon, wed, fri", "024"),
            ("mon,wed,fri", "024"),
            ("mon wed fri", "024"),
            ("Mon Wed  Fri", "024"),
            ("mon , wed , fri", "024"),
            ("mon and fri", "04"),
            ("mon & fri", "04"),
            ("mon, wed and fri", "024"),
            ("Mondays and Thursdays", "03"),
            ("mon-fri", "01234"),
            ("Mon - Fri", "01234"),
            ("mon – fri", "01234"),
            ("mon–fri", "01234"),
            ("Monday-Friday", "01234"),
            ("fri-mon", "0456"),
            ("sat-sun", "56"),
            ("sun-sat", "0123456"),
            ("tue-tue", "1"),
            ("mon-wed, fri", "0124"),
            ("mon-tue fri-sat", "0145"),
            ("sun, mon", "06"),
            ("mon, mon", "0"),
        ],
    )
    def test_weekdays_are_understood_as_people_type_them(self, text: str, days: str) -> None:
        assert parse_weekdays(text) == frozenset(map(int, days))

    @pytest.mark.parametrize(
        "text",
        [
            *[
                "",
                " ",
                "m",
                "t",
                "s",
                "never",
                "noday",
                "1",
                "0",
                "1-5",
                "mon,",
                ",mon",
                "mon-",
                "-mon",
                "mon--fri",
                "ss",
                "ts",
                "mon-wed-fri",
                "mon; fri",
                "montag",
                "lundi",
                "mondayish",
                "week",
                "mon/fri",
                "mon +",
                "every",
                "🗓",
                "and",
                "mon and",
                "&",
                "-",
                "mon,,fri",
                "mon to fri",
                "every monday",
                "weekdays, sat",
            ],
            "x" * 5000,
        ],
    )
    def test_a_text_that_is_not_a_weekday_is_refused_with_examples(self, text: str) -> None:
        with pytest.raises(Refused, match=Refusal.WEEKDAYS_UNCLEAR.name):
            parse_weekdays(text)

    def test_every_suggested_choice_is_understood(self) -> None:
        assert len(suggest_weekdays("")) == 10
        assert suggest_weekdays(" WeeK ") == ["weekdays", "weekends"]
        assert all(parse_weekdays(name) for name in suggest_weekdays(""))

    @given(st.text(max_size=40) | st.text("montuewdhfrisa ,-–&", max_size=40))
    def test_any_text_gives_weekdays_or_a_refusal(self, text: str) -> None:
        with suppress(Refused):
            assert parse_weekdays(text) <= EVERY_DAY
