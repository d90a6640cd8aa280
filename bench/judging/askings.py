"""When the sealed queries were asked, of which commit, and what it reached: whoever asks them often tunes on them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bench.judging.answers import SHOWN_RANKS, Answers
from bench.judging.sets import FRESH

ASKINGS = FRESH / "askings.jsonl"


@dataclass(frozen=True, slots=True)
class Asking:
    """One asking; the `figures` of each engine are its hit@1 and hit@5."""

    day: str
    commit: str | None
    figures: Mapping[str, Sequence[float]]


def note_asking(day: date, answers: Answers, path: Path = ASKINGS) -> None:
    figures = {name: [round(answers.get_hit_rate(name, within), 4) for within in SHOWN_RANKS] for name in answers.ranks}
    asking = Asking(day.isoformat(), _describe_commit(), figures)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(asking), ensure_ascii=False) + "\n")


def read_askings(path: Path = ASKINGS) -> list[Asking]:
    return [Asking(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _describe_commit() -> str | None:
    """The commit of this folder, with `-dirty` if something is changed; None without git."""
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    try:
        done = subprocess.run(command, cwd=FRESH, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
