"""Loads the models that the settings name, beside the running bot, and hands them to the search."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.archive import Archive
from bot.model_names import ModelName
from bot.models.fastembed_models import find_wanted_files, load_encoder, load_reranker
from bot.models.files import (
    Hub,
    check_files,
    fetch_model,
    get_model_folder,
    is_fetched,
    record_failure,
    remove_leftovers,
)
from bot.models.problems import ModelProblem, ModelUnusable
from bot.search import Reranking, SearchIndex

log = logging.getLogger(__name__)

AGAIN_AFTER = 900.0  # seconds, if the hub can't be reached
LOAD_LIMIT = 600.0  # seconds
ENCODER_SETTING, RERANKER_SETTING = "PAPERBOY_ENCODER", "PAPERBOY_RERANKER"

Source = ModelName | Path
Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The models that the settings name, the `folder` where fetched ones are kept, and where they come from."""

    encoder: Source | None
    reranker: Source | None
    folder: Path
    hub: Hub


async def load_models(choice: ModelChoice, archive: Archive, search: SearchIndex) -> None:
    """Load what is chosen, however long it takes; until then, the search goes on with what it has.

    One model is loaded at a time, as each looks for free memory, but none waits while the hub of the other is away.
    """
    turn = asyncio.Lock()
    await asyncio.gather(_load_encoder(choice, archive, turn), _load_reranker(choice, search, turn))


async def _load_encoder(choice: ModelChoice, archive: Archive, turn: asyncio.Lock) -> None:
    if choice.encoder:
        encoder = await _load(choice, ENCODER_SETTING, choice.encoder, load_encoder, turn, reranks=False)
        if encoder:
            await archive.use_encoder(encoder)


async def _load_reranker(choice: ModelChoice, search: SearchIndex, turn: asyncio.Lock) -> None:
    if choice.reranker:
        reranker = await _load(choice, RERANKER_SETTING, choice.reranker, load_reranker, turn, reranks=True)
        if reranker:
            search.reranking = Reranking(reranker)


async def _load(
    choice: ModelChoice,
    setting: str,
    source: Source,
    load: Callable[[Source, Path], Loaded],
    turn: asyncio.Lock,
    *,
    reranks: bool,
) -> Loaded | None:
    """The model, or None if a person has to do something first; the log says what is wrong."""
    while True:
        try:
            async with turn:
                loaded = await _try_to_load(choice, source, load, reranks=reranks)
        except ModelUnusable as error:
            await asyncio.to_thread(_note_failure, choice.folder, setting, source, error)
            log.warning(
                "%s: %s can't be used (%s): %s; the search goes on without it", setting, source, error.problem, error
            )
            if error.problem is not ModelProblem.UNREACHABLE:
                return None
            await asyncio.sleep(AGAIN_AFTER)
        else:
            await asyncio.to_thread(_note_failure, choice.folder, setting, source, None)
            log.info("%s: %s is loaded", setting, source)
            return loaded


async def _try_to_load(
    choice: ModelChoice, source: Source, load: Callable[[Source, Path], Loaded], *, reranks: bool
) -> Loaded:
    """Raises `ModelUnusable`."""
    try:
        place = await _fetch(choice, source, reranks=reranks) if isinstance(source, ModelName) else source
        async with asyncio.timeout(LOAD_LIMIT):
            return await asyncio.to_thread(load, source, place)
    except ModelUnusable:
        raise
    except Exception as error:  # the disk, the limit, or whatever its files do
        raise ModelUnusable(ModelProblem.UNUSABLE, f"{type(error).__name__}: {error}") from error


async def _fetch(choice: ModelChoice, name: ModelName, *, reranks: bool) -> Path:
    """The folder of the model. One that is damaged is fetched again."""
    wanted = await asyncio.to_thread(find_wanted_files, name, reranks=reranks)
    place = get_model_folder(choice.folder, name)
    await asyncio.to_thread(remove_leftovers, place)
    if is_fetched(place):
        try:
            await asyncio.to_thread(check_files, place)
        except ModelUnusable as error:
            log.warning("fetching %s again: %s", name, error)
        else:
            return place
    log.info("fetching the model %s", name)
    await fetch_model(choice.hub, wanted, name.revision, place)
    return place


def _note_failure(folder: Path, setting: str, source: Source, error: ModelUnusable | None) -> None:
    try:
        record_failure(folder, setting, source, error)
    except OSError as problem:
        log.warning("the doctor can't be told about %s: %s", setting, problem)
