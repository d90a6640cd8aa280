"""Reads the settings, and finds what is wrong with them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, TypeVar, get_args

from pydantic import HttpUrl, SecretStr, ValidationError, WebsocketUrl
from pydantic.fields import FieldInfo
from rapidfuzz import fuzz, process

from bot.database_address import PostgresAddress
from bot.env_file import find_unreadable_lines, parse_values
from bot.model_names import ModelName
from bot.settings.kinds import BotSettings, DiscordSettings, Settings
from bot.settings.problems import (
    Cause,
    Form,
    InvalidSettings,
    SettingProblem,
    UnknownSetting,
    UnreadableLine,
)
from bot.settings.source import get_settings_file, read_settings_file
from bot.share import WHOLE, Share

_PREFIX = "PAPERBOY_"  # of the names that are nobody else's
_NEAR, _VERY_NEAR = 60, 80  # how alike names are, up to 100
_SHORT = 3  # letters

Kind = TypeVar("Kind", bound=Settings)


def read_settings(kind: type[Kind]) -> Kind:
    """The settings from the environment and the settings file. Raises `InvalidSettings` and `EnvFileUnusable`."""
    values = parse_values(read_settings_file())
    in_file: dict[str, Any] = {name: value for name, value in values.items() if name in _list_fields(kind)}
    try:
        return kind(**in_file)
    except ValidationError as error:
        causes = {str(each["loc"][0]): each.get("ctx", {}).get("error") for each in error.errors()}
        problems = [_find_problem(name, _list_fields(kind)[name], values, cause) for name, cause in causes.items()]
        raise InvalidSettings(
            sorted(problems, key=lambda each: each.name), get_settings_file(), has_file=get_settings_file().exists()
        ) from None


def _list_fields(kind: type[Settings]) -> Mapping[str, FieldInfo]:
    """The settings by the names that they have outside."""
    return {str(field.validation_alias): field for field in kind.model_fields.values()}


def _find_problem(name: str, field: FieldInfo, values: Mapping[str, str], cause: Exception | None) -> SettingProblem:
    meaning = str(field.description)
    in_environment = name in _list_set_names()
    if not in_environment and name not in values:
        similar = [each.name for each in find_unknown_settings() if each.nearest == name]
        return SettingProblem(name, meaning, similar=similar[0] if similar else None)
    form, choices = _find_form(field)
    least, most = (_find_limit(field, side) for side in ("ge", "le"))
    file = None if in_environment else get_settings_file()
    known = cause if isinstance(cause, Cause) else None
    return SettingProblem(name, meaning, form, least, most, choices, file, cause=known)


_FORMS: Mapping[Any, Form] = {
    SecretStr: Form.WORD,
    HttpUrl: Form.ADDRESS,
    WebsocketUrl: Form.SOCKET_ADDRESS,
    bool: Form.YES_NO,
    frozenset[int]: Form.IDS,
    int: Form.NUMBER,
    PostgresAddress: Form.DATABASE,
    Share: Form.SHARDS,
    ModelName: Form.MODEL,
}


def _find_form(field: FieldInfo) -> tuple[Form, tuple[str, ...]]:
    """What its value has to look like, and its choices if it has some."""
    types = {*_list_types(field.annotation)}
    choices = tuple(each for each in get_args(field.annotation) if isinstance(each, str))
    if choices:
        return Form.CHOICE, choices
    return next((form for kind, form in _FORMS.items() if kind in types), Form.ANYTHING), ()


def _find_limit(field: FieldInfo, side: str) -> int | None:
    return next((getattr(each, side) for each in field.metadata if hasattr(each, side)), None)


def _list_types(annotation: object) -> Iterator[object]:
    """An annotation, and what it is made of, such as of a type and None."""
    yield annotation
    for each in get_args(annotation):
        if not isinstance(each, str):
            yield from _list_types(each)


def _list_set_names() -> set[str]:
    """What the environment sets, in capitals."""
    return {name.upper() for name, value in os.environ.items() if value}


def find_unknown_settings() -> list[UnknownSetting]:
    """What is set that no setting of ours has as its name, and was probably meant for one. Raises `EnvFileUnusable`.

    Names that begin like ours are nobody else's. Others belong to other programs, unless they are very near to a
    setting that is not set.
    """
    in_environment, in_file = _list_set_names(), parse_values(read_settings_file())
    fields = _list_fields(BotSettings)
    known = sorted(fields, key=lambda name: not fields[name].is_required())  # of two as near, the one that is needed
    places = [*((name, None) for name in sorted(in_environment)), *((name, get_settings_file()) for name in in_file)]
    found = [UnknownSetting(name, _find_nearest(name, known), file) for name, file in places if name not in known]
    return [
        each for each in found if each.name.startswith(_PREFIX) or _is_mistyped(each, in_environment | in_file.keys())
    ]


def _is_mistyped(unknown: UnknownSetting, set_names: Set[str]) -> bool:
    return unknown.nearest is not None and unknown.nearest not in set_names


def _find_nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is like this one. A name without our prefix is a stranger's, unless it is very like it."""
    if not name.startswith(_PREFIX):
        others = [each for each in known if not each.startswith(_PREFIX)]
        very_like = process.extractOne(name, others, scorer=fuzz.ratio, score_cutoff=_VERY_NEAR)
        return very_like[0] if very_like else None
    end, ends = name.removeprefix(_PREFIX), {each: each.removeprefix(_PREFIX) for each in known}
    scorer = fuzz.WRatio if len(end) > _SHORT else fuzz.ratio  # three letters are like a part of anything
    like = process.extractOne(end, ends, scorer=scorer, score_cutoff=_NEAR)
    return like[2] if like else None


def find_unreadable_settings() -> list[UnreadableLine]:
    """The lines of the settings file that set nothing. Raises `EnvFileUnusable`."""
    return [UnreadableLine(number, get_settings_file()) for number in find_unreadable_lines(read_settings_file())]


def render_env_example() -> str:
    """The text of `.env.example`: every setting with a line about its meaning, and its default."""
    fields = _list_fields(BotSettings)
    hardly_used = _list_fields(DiscordSettings)
    ordered = sorted(fields, key=lambda name: (not fields[name].is_required(), name in hardly_used))
    return "\n".join(_render_setting(fields[name]) for name in ordered)


def _render_setting(field: FieldInfo) -> str:
    if field.is_required():
        return f"# Required: {field.description}.\n{field.validation_alias}=\n"
    meaning = str(field.description)
    default = "" if field.default in (None, frozenset(), WHOLE) else field.default
    return f"# {meaning[0].upper()}{meaning[1:]}.\n# {field.validation_alias}={default}\n"
