"""How much memory the whole bot needs after some use: searches of every kind, completions, a commit."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from bench.figures import Figure
from bench.filled_index import NOW, FilledIndex
from bench.queries import asked

TYPED = 64
WHOLE = "VmRSS"
PARTS = {"RssAnon": "· its own", "RssFile": "· of files, which Linux can take back", "VmHWM": "· at its peak"}


async def measure(folder: Path, filled: FilledIndex, *, semantic: bool = False) -> list[Figure]:
    copy = filled.copied(folder)
    searched = [query.ours for query in asked(filled.real)]
    asks = {"searched": searched, "typed": [paper.title[:8] for paper in filled.real[:TYPED]]}
    program = [sys.executable, "-m", "bench.used", str(copy.database), NOW.isoformat()]
    process = await asyncio.create_subprocess_exec(
        *program, *(["--semantic"] if semantic else []), stdin=PIPE, stdout=PIPE
    )
    output, _ = await process.communicate(json.dumps(asks).encode())
    told = json.loads(output)
    used, before, floor_is = told["used"], told["before"], "before the archive opens"
    what = f"memory over {filled.name} papers{' with semantic' if semantic else ''}"
    return [
        Figure(what, used[WHOLE], before[WHOLE], "MB", floor_is, "" if semantic else "< 200"),
        *(Figure(label, used[name], before[name], "MB", floor_is) for name, label in PARTS.items()),
    ]
