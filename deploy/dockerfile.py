"""Reads a Dockerfile of the kind that ours is: one line for each instruction, after continued lines are joined."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str  # in capital letters
    flags: dict[str, str]  # such as {"from": "build"}
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    base: str  # the image it begins with
    name: str  # empty if it has none
    instructions: tuple[Instruction, ...]


def read_dockerfile(path: Path) -> list[Stage]:
    """The stages, first to last. Raises `ValueError` at what it doesn't understand."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    joined = re.sub(r"\\\n\s*", "", text)
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        instruction = _read_instruction(line)
        if instruction.name == "FROM":
            base, _, name = instruction.value.partition(" AS ")
            stages.append(Stage(base, name, ()))
        elif not stages:
            raise ValueError(f"nothing may come before FROM: {line}")
        else:
            latest = stages.pop()
            stages.append(Stage(latest.base, latest.name, (*latest.instructions, instruction)))
    return stages


def _read_instruction(line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    if not name.isupper() or not rest:
        raise ValueError(f"this is no instruction: {line}")
    flags = {}
    while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    return Instruction(name, flags, rest)
