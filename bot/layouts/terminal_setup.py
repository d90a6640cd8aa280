"""What the command line says of settings and of setting the bot up."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from bot.bot_token import TokenProblem
from bot.database_address import AddressProblem, BadAddress
from bot.env_file import EnvFileProblem, EnvFileUnusable
from bot.layouts.text import join_words
from bot.settings import Form, InvalidSettings, NeedsPostgres, SettingProblem, UnknownSetting, UnreadableLine
from bot.share import BadShards, ShardsProblem

_FORMS: Mapping[Form, str] = {
    Form.NUMBER: "a whole number from {least} to {most}",
    Form.YES_NO: "true or false",
    Form.CHOICE: "{choices}",
    Form.WORD: "one word without spaces",
    Form.ADDRESS: "a URL that begins with https:// or http://",
    Form.SOCKET_ADDRESS: "a URL that begins with wss:// or ws://",
    Form.IDS: "ids, which are numbers, with commas or spaces between them",
    Form.DATABASE: "the path of a file, or a URL of PostgreSQL such as postgresql://user:password@host:5432/paperboy",
    Form.SHARDS: "shards and how many there are in all, such as 0-24/100 or 0,3,8-9/16",
    Form.MODEL: "a model such as BAAI/bge-small-en-v1.5, perhaps with @ and a revision, or the path of a folder",
    Form.ANYTHING: "something else",
}
_ADDRESS_PROBLEMS: Mapping[AddressProblem, str] = {
    AddressProblem.OTHER_PROGRAM: (
        "Paperboy keeps its data in a SQLite file or in PostgreSQL, and this looks like the address of another kind. "
        "A path is written without anything before it; a URL begins with postgresql://"
    ),
    AddressProblem.UNESCAPED: (
        "A letter in it has another meaning in URLs. In the user, the password and the name, write @ as %40, : as %3A, "
        "/ as %2F, ? as %3F, # as %23, % as %25 and a space as %20"
    ),
    AddressProblem.NO_NAME: (
        "It does not name a database. Write its name after the host, as in postgresql://host/paperboy, and if there is "
        "none, make it with `createdb paperboy`"
    ),
    AddressProblem.BAD_HOST: "Its host is not readable. An IPv6 address has brackets around it, as in [::1]:5432",
    AddressProblem.BAD_PORT: "Its port, after the host and a colon, has to be a number from 1 to 65535",
    AddressProblem.UNKNOWN_OPTION: (
        "PostgreSQL doesn't know one of the options after the question mark, or Paperboy can't use it. One that is "
        "often needed is sslmode=require"
    ),
}
_SHARDS_PROBLEMS: Mapping[ShardsProblem, str] = {
    ShardsProblem.MALFORMED: "'{part}' is neither a number nor a range",
    ShardsProblem.NO_COUNT: "After a slash, say how many shards there are in all, the same in each process",
    ShardsProblem.COUNT_OUT_OF_RANGE: "There can't be {part} shards",
    ShardsProblem.BACKWARDS: "'{part}' is backwards: the lower number comes first",
    ShardsProblem.TOO_HIGH: "'{part}' is too high: shards are counted from 0, so the last is one less than there are",
    ShardsProblem.TWICE: "'{part}' is there twice",
}
_NEEDS_POSTGRES = (
    "several processes can share a PostgreSQL database, but not a file. Leave this out, or set PAPERBOY_DATABASE to a "
    "URL of PostgreSQL."
)
_FILE_PROBLEMS: Mapping[EnvFileProblem, str] = {
    EnvFileProblem.MISSING: "{path} does not exist. Name another file with --env-file.",
    EnvFileProblem.IS_FOLDER: "{path}: it is a folder. Settings are lines in a file. Name one with --env-file.",
    EnvFileProblem.NOT_TEXT: "{path}: it is not UTF-8 text. Save it again as UTF-8.",
    EnvFileProblem.UNREADABLE: "{path}: it can't be read ({detail}). Check who may read it.",
    EnvFileProblem.NO_FOLDER: "{path}: it can't be written, because there is no folder {detail}. Make that first.",
    EnvFileProblem.FOLDER_CLOSED: (
        "{path}: it can't be written, because you may not write in {detail}. Change that, or name another file with "
        "--env-file."
    ),
    EnvFileProblem.UNWRITABLE: "{path}: it can't be written ({detail}). Nothing was changed.",
}


def describe_settings_problem(error: InvalidSettings | EnvFileUnusable) -> str:
    """A line for each setting that is missing or malformed, or one for a file that can't be used."""
    if isinstance(error, EnvFileUnusable):
        return _FILE_PROBLEMS[error.problem].format(path=error.path, detail=error.detail)
    return "\n".join(_describe_problem(each, error) for each in error.problems)


def _describe_problem(problem: SettingProblem, error: InvalidSettings) -> str:
    if problem.form is None:
        looked = (
            f"in {_name_file(error.file)}" if error.has_file else f"for {_name_file(error.file)}, where there is none"
        )
        next_step = "`paperboy init` asks for it and writes it down."
        if problem.similar:
            next_step = f"Did you mean it by {problem.similar}?"
        return (
            f"{problem.name}: it is missing ({problem.meaning}). Paperboy looked in the environment and {looked}. "
            f"{next_step}"
        )
    place = f"It is set {_name_place(problem.file)}."
    if isinstance(problem.cause, NeedsPostgres):
        return f"{problem.name}: {_NEEDS_POSTGRES} {place}"
    form = _FORMS[problem.form].format(
        least=problem.least, most=problem.most, choices=join_words(problem.choices, "or") if problem.choices else ""
    )
    if problem.cause:
        return f"{problem.name}: it has to be {form}. {_describe_cause(problem.cause)}. {place}"
    return f"{problem.name}: it has to be {form} ({problem.meaning}). {place}"


def _describe_cause(cause: BadAddress | BadShards) -> str:
    match cause:
        case BadAddress():
            return _ADDRESS_PROBLEMS[cause.problem]
        case BadShards():
            return _SHARDS_PROBLEMS[cause.problem].format(part=cause.part)


def describe_bad_address(error: BadAddress) -> str:
    """What is wrong with an address of a database that is no setting."""
    return f"The database has to be {_FORMS[Form.DATABASE]}. {_ADDRESS_PROBLEMS[error.problem]}."


NOT_A_SERVER = "It has to be a URL of PostgreSQL, such as postgresql://user:password@host:5432/paperboy."


def describe_bad_server(error: BadAddress) -> str:
    """What is wrong with an address where only PostgreSQL will do."""
    if error.problem is AddressProblem.OTHER_PROGRAM:
        return NOT_A_SERVER
    return f"{NOT_A_SERVER} {_ADDRESS_PROBLEMS[error.problem]}."


def _name_file(file: Path) -> str:
    return f"{file.name} in the folder {file.parent}"


def _name_place(file: Path | None) -> str:
    return f"in {_name_file(file)}" if file else "in the environment"


def describe_unknown_setting(unknown: UnknownSetting) -> str:
    hint = f" Did you mean {unknown.nearest}?" if unknown.nearest else " Correct its name, or remove it."
    return f"{unknown.name} is not a setting of Paperboy. It is set {_name_place(unknown.file)}, without effect.{hint}"


def describe_unreadable_line(line: UnreadableLine) -> str:
    return f"{line.file}: line {line.number} is not NAME=value and has no effect. Remarks begin with #."


NOBODY_TO_ASK = "There is no terminal to ask, and nothing was changed. Add --yes to go on without a question."
NOTHING_CHANGED = "Nothing was changed."
WHERE_IT_IS = (
    "Paperboy needs the token of your bot. In https://discord.com/developers/applications, choose your application (or "
    "New Application), then Bot, then Reset Token, and copy it. No privileged intents are needed."
)
PROMPT = "Token (nothing is shown while you type or paste it): "
NO_HIDDEN_TYPING = (
    "This terminal would show the token while you type it. Put it into a file instead, and run "
    "`paperboy init --token-file FILE`."
)
NO_TERMINAL = (
    "There is no terminal to ask for the token, and nothing came on standard input. Put the token into a file and run "
    "`paperboy init --token-file FILE`, or set DISCORD_TOKEN in the environment instead."
)
OVERRIDDEN = "DISCORD_TOKEN is also set in the environment, to another token, and that one is used. Unset it there."
NOT_PUBLIC = (
    "Only you can add the bot to a server: Public Bot is off in the developer portal, under Bot. Turn it on if others "
    "should be able to."
)
_TOKEN_PROBLEMS: Mapping[TokenProblem, str] = {
    TokenProblem.EMPTY: "That was no token: there is nothing in it. Copy it again.",
    TokenProblem.NOT_ONE_WORD: "That is no token: a token is one word of plain letters, without spaces. Copy it again.",
    TokenProblem.IS_ID: "That is an id, not the token. The token is under Bot, Reset Token.",
    TokenProblem.IS_SECRET: "That looks like the client secret, not the token. The token is under Bot, Reset Token.",
    TokenProblem.IS_KEY: "That looks like the public key, not the token. The token is under Bot, Reset Token.",
    TokenProblem.UNKNOWN: (
        "Discord does not know this token. Was it reset since you copied it, or is a part missing? Under Bot, Reset "
        "Token shows a new one."
    ),
}


def describe_rejected_token(problem: TokenProblem) -> str:
    return _TOKEN_PROBLEMS[problem]


def describe_unreadable_token_file(name: str, error: Exception) -> str:
    detail = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    return f"{name}: it can't be read ({detail}). Nothing was changed."


def describe_known_token(file: Path) -> str:
    return f"There is a token in {_name_file(file)} already. Replace it?"


def describe_token_kept(file: Path) -> str:
    return (
        f"There is another token in {_name_file(file)} already, and nothing was changed. "
        "Add --yes to replace it, or name another file: `paperboy --env-file FILE init`."
    )


def describe_written_token(bot: str, file: Path) -> str:
    return f"Discord knows this token: it belongs to {bot}. It is in {_name_file(file)}, which only you can read."


def describe_next_steps(invite: str, file: Path | None) -> str:
    """What to do after the token is there; `file` is where it is, if commands would not find it by themselves."""
    option = f"--env-file {shlex.quote(str(file))} " if file else ""
    return (
        f"Add the bot to a server: {invite}\n"
        f"Then start it: `paperboy {option}run`, or the service or container that runs it."
    )
