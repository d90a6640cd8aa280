"""The bot's token, as somebody types or pastes it, and what is wrong with one that Discord does not know."""

from enum import Enum, auto

from bot.env_file import parse_values

NAME = "DISCORD_TOKEN"
_SECRET, _KEY = 32, 64  # characters, which have no dots


class TokenProblem(Enum):
    EMPTY = auto()
    NOT_ONE_WORD = auto()  # it has spaces, or letters that no token has
    IS_ID = auto()  # of the application
    IS_SECRET = auto()  # of the application, for OAuth2
    IS_KEY = auto()  # of the application, for webhooks
    UNKNOWN = auto()


class TokenRejected(Exception):
    def __init__(self, problem: TokenProblem) -> None:
        super().__init__(problem.name)
        self.problem = problem


def read_token(text: str) -> str:
    """The token in what was pasted, such as with a line's end, in quotes, or as a line of `.env`.

    Raises `TokenRejected` for what cannot be one.
    """
    pasted = text.strip()
    if NAME in pasted:
        pasted = parse_values(pasted).get(NAME, "")
    token = pasted.strip("\"'`").removeprefix("Bot ").strip()
    if not token:
        raise TokenRejected(TokenProblem.EMPTY)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise TokenRejected(TokenProblem.NOT_ONE_WORD)
    return token


def explain_unknown_token(token: str) -> TokenProblem:
    """What a token that Discord does not know probably is: the developer portal shows other things beside it."""
    if token.isdecimal():
        return TokenProblem.IS_ID
    if "." in token:
        return TokenProblem.UNKNOWN
    if len(token) == _KEY and all(each in "0123456789abcdef" for each in token):
        return TokenProblem.IS_KEY
    return TokenProblem.IS_SECRET if len(token) == _SECRET else TokenProblem.UNKNOWN
