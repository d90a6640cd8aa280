"""The bot's settings: read once from the environment or `.env`, and frozen."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, ValidationError, WebsocketUrl
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

KEEP_DETAILS_DAYS = 10


class InvalidSettings(Exception):
    """One line for each missing or malformed setting, saying what would be right."""


def _clean_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value().strip()
    if not token or any(letter.isspace() for letter in token):
        raise ValueError("a token is one word without spaces")
    return SecretStr(token)


def _split_ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = value.replace(",", " ").split()
    if not all(each.isascii() and each.isdecimal() for each in ids):
        raise ValueError("ids are numbers, with commas or spaces between them")
    return ids


Token = Annotated[SecretStr, AfterValidator(_clean_token)]
Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_split_ids)]


class ArchiveSettings(BaseSettings):
    """The settings for commands that read the papers API or the database."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # an error must never show a token
    )

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
    proxy_url: HttpUrl | None = Field(
        None,
        validation_alias="PAPERBOY_PROXY_URL",
        description="the proxy to reach Discord and the papers API through, such as http://user:password@host:3128; "
        "if left out, they are reached directly",
    )
    hf_token: Token | None = Field(
        None, validation_alias="HF_TOKEN", description="a free Hugging Face token, which doubles the request quota"
    )

    @property
    def proxy(self) -> str | None:
        return str(self.proxy_url) if self.proxy_url else None


class PortSettings(ArchiveSettings):
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


class BotSettings(PortSettings):
    """The settings of the bot itself, which needs the others too."""

    discord_token: Token = Field(
        validation_alias="DISCORD_TOKEN", description="the bot's token, from Discord's developer portal"
    )
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
        description="the ids of people whom the bot answers nothing and sends nothing, with commas between them",
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


Kind = TypeVar("Kind", bound=ArchiveSettings)


def read_settings(kind: type[Kind]) -> Kind:
    """The settings from the environment and `.env`. Raises `InvalidSettings`."""
    try:
        return kind()
    except ValidationError as error:
        raise InvalidSettings("\n".join(_describe_problem(kind, each) for each in error.errors())) from None
    except UnicodeDecodeError:
        raise InvalidSettings(".env: it is not UTF-8 text. Save it again as UTF-8.") from None


def _describe_problem(kind: type[ArchiveSettings], error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    field = next(field for field in kind.model_fields.values() if field.validation_alias == name)
    problem = "it is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
    return f"{name}: {problem} ({field.description})."


def render_env_example() -> str:
    """The text of `.env.example`: every setting with a line about its meaning, and its default."""
    required_first = sorted(BotSettings.model_fields.values(), key=lambda field: not field.is_required())
    return "\n".join(_render_setting(field) for field in required_first)


def _render_setting(field: FieldInfo) -> str:
    if field.is_required():
        return f"# Required: {field.description}.\n{field.validation_alias}=\n"
    meaning = str(field.description)
    default = "" if field.default in (None, frozenset()) else field.default
    return f"# {meaning[0].upper()}{meaning[1:]}.\n# {field.validation_alias}={default}\n"
