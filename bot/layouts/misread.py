"""What was typed and is not understood: repeated, and how to write it."""

from collections.abc import Iterator, Sequence

from bot.editing.drafts import MisreadField
from bot.layouts.refusals import explain_refusal
from bot.layouts.text import escape_markdown, format_code, join_words
from bot.refusals import Refusal

MAX_NAMED = 3  # places that a misspelled one may mean
_TYPED_LENGTH = 300  # characters that are repeated of what was mistyped; less if several things were


def describe_misread_fields(misread: Sequence[MisreadField]) -> Iterator[str]:
    """What was typed, and how to write it."""
    for each in misread:
        line, hint = " ".join(each.text.split()), _explain_misread_field(each)
        shown = format_code(line, _TYPED_LENGTH // len(misread)) if line else ""
        yield f"{shown} doesn't work here. {hint}" if shown else hint


def _explain_misread_field(misread: MisreadField) -> str:
    if misread.refused.refusal is Refusal.TIMEZONE_UNKNOWN and misread.places:
        names = dict.fromkeys(f"**{escape_markdown(place.name)}**" for place in misread.places)
        return f"Did you mean {join_words([*names][:MAX_NAMED], 'or')}?"
    return explain_refusal(misread.refused)
