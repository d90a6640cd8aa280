"""The files of a model: fetched from the hub once, and checked at every load.

A fetched model is a folder with a manifest, which says the revision and the SHA-256 of each file. It is put together
beside its place, and moved there as the last step.
"""

import asyncio
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.model_names import ModelName
from bot.models.problems import ModelProblem, ModelUnusable

MANIFEST = "paperboy-model.json"
FAILURE = "failure.json"
_BUILDING = "fetching."  # how a folder begins in which a model is put together
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
OPTIONAL_FILES = ("config.json", "special_tokens_map.json")
CHUNK = 2**20  # bytes
CONNECT_LIMIT, SILENCE_LIMIT, FETCH_LIMIT = 10, 60, 3600  # seconds
REFUSED = frozenset({401, 403, 404})  # how the hub answers for a model that is not there, or not for everybody


@dataclass(frozen=True, slots=True)
class Hub:
    """Where models are fetched from."""

    url: str
    proxy: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model's files in the hub: the repository that has them, and which they are."""

    repository: str
    files: tuple[str, ...]


def get_model_folder(folder: Path, name: ModelName) -> Path:
    """Where a model is kept in the `folder` of all."""
    return folder / str(name).replace("/", "--")


async def fetch_model(hub: Hub, wanted: Wanted, revision: str | None, place: Path) -> None:
    """Fetch the files into the folder `place`. Raises `ModelUnusable` and `OSError`."""
    building = await asyncio.to_thread(_make_building, place)
    try:
        await _fetch_into(hub, wanted, revision or "main", building)
        await asyncio.to_thread(_put_in_place, building, place)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ModelUnusable(ModelProblem.UNREACHABLE, _describe(error)) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _describe(error: Exception) -> str:
    """What went wrong, without addresses: a proxy's has its password, and that of a file may have been signed."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{kind}: {error.status} {error.message}"
    return f"{kind}: {error.os_error}" if isinstance(error, aiohttp.ClientConnectorError) else kind


def remove_leftovers(place: Path) -> None:
    """Remove the folders beside `place` that were left when the bot was killed; no models, such as v1.5 beside v1."""
    for left in place.parent.glob(f"{_BUILDING}*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > FETCH_LIMIT:  # else another process may be at it
                shutil.rmtree(left, ignore_errors=True)


def _make_building(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=_BUILDING, dir=place.parent))


def _put_in_place(building: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)


async def _fetch_into(hub: Hub, wanted: Wanted, revision: str, folder: Path) -> None:
    limit = aiohttp.ClientTimeout(FETCH_LIMIT, sock_connect=CONNECT_LIMIT, sock_read=SILENCE_LIMIT)
    headers = {"Authorization": f"Bearer {hub.token}"} if hub.token else {}
    base = hub.url.rstrip("/")
    async with aiohttp.ClientSession(timeout=limit, headers=headers, proxy=hub.proxy) as session:
        address = f"{base}/api/models/{wanted.repository}/revision/{revision}"
        async with session.get(address, params={"blobs": "true"}) as answer:
            _check_answer(answer, f"{wanted.repository}@{revision}")
            revision, listed = _read_listing(await answer.read())
        if missing := [each for each in wanted.files if each not in listed]:
            raise ModelUnusable(ModelProblem.UNKNOWN, f"{wanted.repository} has no file {missing[0]}")
        sums = {}
        for name in [*wanted.files, *(each for each in OPTIONAL_FILES if each in listed)]:
            async with session.get(f"{base}/{wanted.repository}/resolve/{revision}/{name}") as answer:
                _check_answer(answer, name)
                sums[name] = await _save(answer, folder / name, listed[name])
    manifest = {"repository": wanted.repository, "revision": revision, "files": sums}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _read_listing(body: bytes) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """The revision, and what the hub says of each file. Anything else may be that of a login page."""
    try:
        told = json.loads(body)
        return str(told["sha"]), {str(each["rfilename"]): dict(each) for each in told["siblings"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelUnusable(ModelProblem.UNREACHABLE, "it doesn't answer as a hub does") from error


def _check_answer(answer: aiohttp.ClientResponse, what: str) -> None:
    if answer.status in REFUSED:
        raise ModelUnusable(ModelProblem.UNKNOWN, f"the hub answers {answer.status} for {what}")
    answer.raise_for_status()


async def _save(answer: aiohttp.ClientResponse, file: Path, listed: Mapping[str, Any]) -> str:
    """Write the file; returns its SHA-256. The hub knows that of large files; of small ones, Git's SHA-1."""
    file.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), int(listed.get("size") or 0)
    git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with file.open("wb") as opened:
        async for chunk in answer.content.iter_chunked(CHUNK):
            await asyncio.to_thread(_add, chunk, opened.write, digest.update, git.update)
    told = (listed.get("lfs") or {}).get("sha256")
    if (digest.hexdigest() != told) if told else (git.hexdigest() != listed.get("blobId")):
        raise ModelUnusable(ModelProblem.DAMAGED, f"{file.name} is not what the hub says it is")
    return digest.hexdigest()


def _add(chunk: bytes, *places: Callable[[bytes], object]) -> None:
    for each in places:
        each(chunk)


def is_fetched(place: Path) -> bool:
    return (place / MANIFEST).exists()


def check_files(place: Path) -> str:
    """The revision of the fetched model in the folder `place`. Raises `ModelUnusable` if a file has changed.

    Blocks for a second for each 300 MB.
    """
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        changed = [name for name, known in manifest["files"].items() if _hash_file(place / name) != known]
        revision = str(manifest["revision"])
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelUnusable(ModelProblem.DAMAGED, f"{place}: {error}") from error
    if changed:
        raise ModelUnusable(ModelProblem.DAMAGED, f"{place / changed[0]} is not what was fetched")
    return revision


def hash_files(folder: Path, names: Sequence[str]) -> str:
    """One name for what these files hold."""
    return hashlib.sha256("".join([_hash_file(folder / each) for each in names]).encode()).hexdigest()[:16]


def _hash_file(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def record_failure(folder: Path, setting: str, source: ModelName | Path, error: ModelUnusable | None) -> None:
    """Keep, for the doctor, why the model that a `setting` names could not be used last; None if it could."""
    file = folder / f"{setting}.{FAILURE}"
    if error is None:
        file.unlink(missing_ok=True)
    else:
        told = {"model": str(source), "problem": error.problem, "detail": error.detail}
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(told), encoding="utf-8")


def read_failure(folder: Path, setting: str, source: ModelName | Path) -> ModelUnusable | None:
    """Why the model could not be used last; None if it could, or if the setting named another one then."""
    try:
        told = json.loads((folder / f"{setting}.{FAILURE}").read_text(encoding="utf-8"))
        failure = ModelUnusable(ModelProblem(told["problem"]), str(told["detail"]))
        return failure if told["model"] == str(source) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
