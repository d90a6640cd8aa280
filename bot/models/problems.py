"""Why a model cannot be used."""

from enum import StrEnum


class ModelProblem(StrEnum):
    """The values are kept in a file, for the doctor."""

    NOT_INSTALLED = "not_installed"  # the extra `models`
    UNKNOWN = "unknown"  # to fastembed, or to the hub
    UNREACHABLE = "unreachable"  # the hub
    DAMAGED = "damaged"  # a file is not what was fetched, or not what the hub says it is
    NO_MEMORY = "no_memory"
    UNUSABLE = "unusable"  # the files are what they should be, and do not work


class ModelUnusable(Exception):
    """A model cannot be used; the detail is for whoever runs the bot."""

    def __init__(self, problem: ModelProblem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
