"""The bot's settings: read once from the environment and a file, and frozen."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, ValidationError, WebsocketUrl
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from rapidfuzz import fuzz, process

from bot.env_file import EnvFileProblem, EnvFileUnusable, find_unreadable_lines, parse_values, read_env_file

KEEP_DETAILS_DAYS = 10
_PREFIX = "PAPERBOY_"  # of the names that are nobody else's
_NEAR, _VERY_NEAR = 60, 80  # how alike names are, up to 100
_SHORT = 3  # letters


class Form(Enum):
    """What the value of a setting looks like."""

    NUMBER = auto()  # least, most
    YES_NO = auto()
    CHOICE = auto()  # choices
    WORD = auto()
    ADDRESS = auto()
    SOCKET_ADDRESS = auto()
    IDS = auto()
    ANYTHING = auto()


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A setting that is missing, or malformed: then it needs another `form`. `file` is where it was found, if in one.

    `similar` is a name that is set and probably means it. The value is not here, since it may be secret.
    """

    name: str
    meaning: str
    form: Form | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    file: Path | None = None
    similar: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A name that is set and that no setting has, with the `nearest` that one has. It is in a `file`, if in one."""

    name: str
    nearest: str | None
    file: Path | None


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line of the settings file that is not `NAME=value`."""

    number: int
    file: Path


class InvalidSettings(Exception):
    """What is missing or malformed; `file` was looked at, if it exists."""

    def __init__(self, problems: Sequence[SettingProblem], file: Path, *, has_file: bool) -> None:
        super().__init__(", ".join(f"{each.name}: {'malformed' if each.form else 'missing'}" for each in problems))
        self.problems = problems
        self.file = file
        self.has_file = has_file


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    may_be_missing: bool
    text: str | None = None  # of a pipe, which can be read only once


_DEFAULT_SOURCE = _Source(Path(".env"), may_be_missing=True)
_source: ContextVar[_Source] = ContextVar("_source", default=_DEFAULT_SOURCE)


def use_settings_file(path: Path, *, may_be_missing: bool = False) -> None:
    """From now on, read the settings from this file or pipe instead of `.env` in the working folder."""
    is_fifo = False
    with suppress(OSError):  # in a folder that is closed to us: reading it says so
        is_fifo = path.is_fifo()
    _source.set(_Source(path, may_be_missing, read_env_file(path) if is_fifo else None))


def get_settings_file() -> Path:
    """The file with settings, which may not exist, as an absolute path."""
    return _source.get().path.absolute()


def read_settings_file() -> str:
    """The text of the settings file, or none if it may be missing. Raises `EnvFileUnusable`."""
    source = _source.get()
    try:
        return read_env_file(get_settings_file()) if source.text is None else source.text
    except EnvFileUnusable as error:
        if error.problem is EnvFileProblem.MISSING and source.may_be_missing:
            return ""
        raise


def _clean_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value().strip()
    if not token or any(letter.isspace() for letter in token):
        raise ValueError
    return SecretStr(token)


def _split_ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = value.replace(",", " ").split()
    if not all(each.isascii() and each.isdecimal() for each in ids):
        raise ValueError
    return ids


Token = Annotated[SecretStr, AfterValidator(_clean_token)]
Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_split_ids)]


class Settings(BaseSettings):
    """How all settings are read: the environment has the last word; the file is passed as keyword arguments."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # an error must never show a token
    )

    proxy_url: HttpUrl | None = Field(
        None,
        validation_alias="PAPERBOY_PROXY_URL",
        description="the proxy to reach Discord and the papers API through, such as http://user:password@host:3128; "
        "if left out, they are reached directly",
    )

    @property
    def proxy(self) -> str | None:
        return str(self.proxy_url) if self.proxy_url else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # pydantic names the arguments
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


class DiscordSettings(Settings):
    """Where Discord is."""

    discord_api_url: HttpUrl = Field(
        HttpUrl("https://discord.com/api/v10"),
        validation_alias="PAPERBOY_DISCORD_API_URL",
        description="Discord's REST API, or a proxy in front of it",
    )
    discord_gateway_url: WebsocketUrl = Field(
        WebsocketUrl("wss://gateway.discord.gg/"),
        validation_alias="PAPERBOY_DISCORD_GATEWAY_URL",
        description="Discord's gateway, or a proxy in front of it",
    )

    @property
    def discord_urls(self) -> tuple[str, str]:
        """Of the REST API and of the gateway."""
        return str(self.discord_api_url), str(self.discord_gateway_url)


class LoginSettings(DiscordSettings):
    """The settings for commands that only ask Discord who the bot is."""

    discord_token: Token = Field(
        validation_alias="DISCORD_TOKEN", description="the bot's token, from Discord's developer portal"
    )


class ArchiveSettings(Settings):
    """The settings for commands that read the papers API or the database."""

    database: Path = Field(
        Path("paperboy.db"),
        validation_alias="PAPERBOY_DATABASE",
        description="the SQLite file; the search index is a folder beside it",
    )
    backup_folder: Path | None = Field(
        None,
        validation_alias="PAPERBOY_BACKUP_FOLDER",
        description="the folder for backups; if left out, the folder `backups` beside the database",
    )
    papers_url: HttpUrl = Field(
        HttpUrl("https://huggingface.co"),
        validation_alias="PAPERBOY_PAPERS_URL",
        description="the address of the papers API",
    )
    hf_token: Token | None = Field(
        None, validation_alias="HF_TOKEN", description="a free Hugging Face token, which doubles the request quota"
    )


class PortSettings(Settings):
    """The settings for asking the running bot how it is."""

    http_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        validation_alias="PAPERBOY_HTTP_PORT",
        description="the port for /healthz, /readyz and /metrics; if left out, no port is opened",
    )
    http_host: str = Field(
        "127.0.0.1",
        validation_alias="PAPERBOY_HTTP_HOST",
        description="the address that the port is opened on; 0.0.0.0 opens it to every network of the machine",
    )


class BotSettings(PortSettings, LoginSettings, ArchiveSettings):
    """The settings of the bot itself, which needs the others too."""

    backfill_days: int = Field(
        30,
        ge=0,
        le=1000,
        validation_alias="PAPERBOY_BACKFILL_DAYS",
        description="how many past days to read into the archive on the first start",
    )
    keep_details_days: int = Field(
        KEEP_DETAILS_DAYS,
        ge=7,
        le=3650,
        validation_alias="PAPERBOY_KEEP_DETAILS_DAYS",
        description="how many days to keep every detail of a digest; after that, only what /digest why and links need",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="PAPERBOY_LOG_LEVEL", description="how much to log: DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["text", "json"] = Field(
        "text", validation_alias="PAPERBOY_LOG_FORMAT", description="how to log: text or json (one object per line)"
    )
    backups: int = Field(
        7,
        ge=0,
        le=366,
        validation_alias="PAPERBOY_BACKUPS",
        description="how many daily backups to keep; 0 makes none",
    )
    heartbeat_url: HttpUrl | None = Field(
        None,
        validation_alias="PAPERBOY_HEARTBEAT_URL",
        description="the address to request after each good minute; a monitoring service alerts when none comes",
    )
    tell_owner: bool = Field(
        False,
        validation_alias="PAPERBOY_TELL_OWNER",
        description="whether to write to the application's owner on Discord when something needs them (true or false)",
    )
    blocked_servers: Ids = Field(
        frozenset(),
        validation_alias="PAPERBOY_BLOCKED_SERVERS",
        description="the ids of servers that the bot leaves and never posts in, with commas between them",
    )
    blocked_people: Ids = Field(
        frozenset(),
        validation_alias="PAPERBOY_BLOCKED_PEOPLE",
        description="the ids of people whom the bot refuses and sends nothing, with commas between them; /privacy "
        "still works for them",
    )
    brand: bool = Field(
        False,
        validation_alias="PAPERBOY_BRAND",
        description="whether each start gives the application Paperboy's name, pictures, description, tags and status "
        "(true or false), as `paperboy brand` does",
    )
    docs_url: HttpUrl | None = Field(
        None, validation_alias="PAPERBOY_DOCS_URL", description="the address of the guide, which /help links to"
    )
    source_url: HttpUrl | None = Field(
        None, validation_alias="PAPERBOY_SOURCE_URL", description="the address of the source code, which /help links to"
    )
    privacy_url: HttpUrl | None = Field(
        None,
        validation_alias="PAPERBOY_PRIVACY_URL",
        description="the address of your privacy policy, which /help links to; else that of the developer portal",
    )


Kind = TypeVar("Kind", bound=Settings)


def read_settings(kind: type[Kind]) -> Kind:
    """The settings from the environment and the settings file. Raises `InvalidSettings` and `EnvFileUnusable`."""
    values = parse_values(read_settings_file())
    in_file: dict[str, Any] = {name: value for name, value in values.items() if name in _list_fields(kind)}
    try:
        return kind(**in_file)
    except ValidationError as error:
        names = [str(each["loc"][0]) for each in error.errors()]
        problems = [_find_problem(name, _list_fields(kind)[name], values) for name in dict.fromkeys(names)]
        raise InvalidSettings(
            sorted(problems, key=lambda each: each.name), get_settings_file(), has_file=get_settings_file().exists()
        ) from None


def _list_fields(kind: type[Settings]) -> Mapping[str, FieldInfo]:
    """The settings by the names that they have outside."""
    return {str(field.validation_alias): field for field in kind.model_fields.values()}


def _find_problem(name: str, field: FieldInfo, values: Mapping[str, str]) -> SettingProblem:
    meaning = str(field.description)
    in_environment = name in _list_set_names()
    if not in_environment and name not in values:
        similar = [each.name for each in find_unknown_settings() if each.nearest == name]
        return SettingProblem(name, meaning, similar=similar[0] if similar else None)
    form, choices = _find_form(field)
    least, most = (_find_limit(field, side) for side in ("ge", "le"))
    file = None if in_environment else get_settings_file()
    return SettingProblem(name, meaning, form, least, most, choices, file)


_FORMS: Mapping[Any, Form] = {
    SecretStr: Form.WORD,
    HttpUrl: Form.ADDRESS,
    WebsocketUrl: Form.SOCKET_ADDRESS,
    bool: Form.YES_NO,
    frozenset[int]: Form.IDS,
    int: Form.NUMBER,
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
    default = "" if field.default in (None, frozenset()) else field.default
    return f"# {meaning[0].upper()}{meaning[1:]}.\n# {field.validation_alias}={default}\n"
