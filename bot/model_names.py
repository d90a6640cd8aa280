"""Which language model a setting names: one of the Hugging Face hub, or a folder."""

import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?", re.ASCII)
_BEGINNINGS = ("/", "./", "../", "~/")  # of a folder


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model of the hub. Without a `revision`, the one that is the newest at the first download stays."""

    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


def read_model_name(value: str) -> ModelName | Path:
    """Raises `ValueError`."""
    if value.startswith(_BEGINNINGS):
        return Path(value).expanduser()
    found = _NAME.fullmatch(value.strip())
    if found is None:
        raise ValueError
    return ModelName(found["name"], found["revision"])
