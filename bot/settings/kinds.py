"""Every setting, with its meaning, its default and its limits."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, WebsocketUrl, field_validator
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.database_address import PostgresAddress, read_address
from bot.feed_addresses import FeedAddresses
from bot.model_names import ModelName, read_model_name
from bot.settings.problems import NeedsPostgres
from bot.share import WHOLE, Share, parse_shards

KEEP_DETAILS_DAYS = 10


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


def _read_database(value: object) -> object:
    return read_address(value) if isinstance(value, str) else value


def _read_shards(value: object) -> object:
    return parse_shards(value) if isinstance(value, str) else value


def _read_model(value: object) -> object:
    return read_model_name(value) if isinstance(value, str) else value


def _check_public(value: HttpUrl) -> HttpUrl:
    """Refuse what paths of feeds can't be added to, and what would tell everybody a password."""
    if value.username or value.password or value.query is not None or value.fragment is not None:
        raise ValueError
    return value


Token = Annotated[SecretStr, AfterValidator(_clean_token)]
PublicUrl = Annotated[HttpUrl, AfterValidator(_check_public)]
Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_split_ids)]
Database = Annotated[Path | PostgresAddress, NoDecode, BeforeValidator(_read_database)]
Model = Annotated[ModelName | Path, NoDecode, BeforeValidator(_read_model)]
Shards = Annotated[Share, NoDecode, BeforeValidator(_read_shards)]


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

    database: Database = Field(
        Path("paperboy.db"),
        validation_alias="PAPERBOY_DATABASE",
        description="the SQLite file, or the URL of a PostgreSQL database, such as "
        "postgresql://user:password@host:5432/paperboy",
    )
    shards: Shards = Field(
        WHOLE,
        validation_alias="PAPERBOY_SHARDS",
        description="which of the bot's shards this process has, if several share a PostgreSQL database, such as "
        "0-24/100; if left out, all of them",
    )
    index: Path | None = Field(
        None,
        validation_alias="PAPERBOY_INDEX",
        description="the folder of the search index, which each process makes for itself; if left out, beside the "
        "SQLite file, or with PostgreSQL in the working folder",
    )
    backup_folder: Path | None = Field(
        None,
        validation_alias="PAPERBOY_BACKUP_FOLDER",
        description="the folder for backups of the SQLite file; if left out, the folder `backups` beside it",
    )
    encoder: Model | None = Field(
        None,
        validation_alias="PAPERBOY_ENCODER",
        description="the language model to search by meaning with, such as BAAI/bge-small-en-v1.5, fetched once from "
        "Hugging Face; or the path of a folder with one; if left out, the one that comes with the extra semantic",
    )
    reranker: Model | None = Field(
        None,
        validation_alias="PAPERBOY_RERANKER",
        description="the cross-encoder that sorts the best twenty papers again, such as Xenova/ms-marco-MiniLM-L-6-v2; "
        "if left out, none",
    )
    papers_url: HttpUrl = Field(
        HttpUrl("https://huggingface.co"),
        validation_alias="PAPERBOY_PAPERS_URL",
        description="the address of the papers API",
    )
    hf_token: Token | None = Field(
        None, validation_alias="HF_TOKEN", description="a free Hugging Face token, which doubles the request quota"
    )

    @field_validator("shards")
    @classmethod
    def _refuse_to_share_a_file(cls, shards: Share, info: ValidationInfo) -> Share:
        if shards != WHOLE and isinstance(info.data.get("database"), Path):
            raise NeedsPostgres
        return shards


class PortSettings(Settings):
    """The settings of the HTTP port."""

    http_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        validation_alias="PAPERBOY_HTTP_PORT",
        description="the port for /healthz, /readyz, /metrics and feeds; if left out, no port is opened",
    )
    http_host: str = Field(
        "127.0.0.1",
        validation_alias="PAPERBOY_HTTP_HOST",
        description="the address that the port is opened on; 0.0.0.0 opens it to every network of the machine",
    )
    public_url: PublicUrl | None = Field(
        None,
        validation_alias="PAPERBOY_PUBLIC_URL",
        description="the address of the port's feeds as people outside reach them, such as https://papers.example; "
        "then searches have a button for their feed",
    )

    @property
    def feed_addresses(self) -> FeedAddresses | None:
        return FeedAddresses(str(self.public_url).rstrip("/")) if self.public_url else None


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
    requests_per_second: int = Field(
        45,
        ge=1,
        le=1000,
        validation_alias="PAPERBOY_REQUESTS_PER_SECOND",
        description="how many requests a second the bot's token may make for digests, in all processes together; "
        "Discord allows 50, unless it raised that for your bot",
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
