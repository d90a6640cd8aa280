"""Checks of the language models that the settings name."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

from bot.app import find_model_folder
from bot.doctor.case import Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.model_names import ModelName
from bot.models.files import check_files, get_model_folder, is_fetched, read_failure
from bot.models.loading import ENCODER_SETTING, RERANKER_SETTING
from bot.models.problems import ModelProblem, ModelUnusable


async def check_models(case: Case) -> AsyncIterator[Finding]:
    """Whether the models that the settings name are there and whole, and why the bot could not use one last."""
    chosen = {ENCODER_SETTING: case.settings.encoder, RERANKER_SETTING: case.settings.reranker}
    folder = find_model_folder(case.settings).absolute()
    named = {setting: source for setting, source in chosen.items() if source}
    for setting, source in named.items():
        yield await run_in_thread(lambda setting=setting, source=source: _examine(setting, source, folder))  # type: ignore[misc]
    if not named:
        yield find(Kind.MODELS_BUNDLED)


def _examine(setting: str, source: ModelName | Path, folder: Path) -> Finding:
    facts = {"setting": setting, "name": str(source)}
    problem = _find_problem(setting, source, folder)
    if problem:
        return find(Kind(f"model_{problem.problem}"), **facts, detail=problem.detail)
    is_there = isinstance(source, Path) or is_fetched(get_model_folder(folder, source))
    return find(Kind.MODEL_FINE if is_there else Kind.MODEL_TO_COME, **facts)


def _find_problem(setting: str, source: ModelName | Path, folder: Path) -> ModelUnusable | None:
    if isinstance(source, Path):
        if not source.is_dir():
            return ModelUnusable(ModelProblem.UNUSABLE, f"no folder {source}")
    elif is_fetched(place := get_model_folder(folder, source)):
        try:
            check_files(place)
        except ModelUnusable as error:
            return error
    if failure := read_failure(folder, setting, source):
        return failure
    return None if find_spec("fastembed") else ModelUnusable(ModelProblem.NOT_INSTALLED, "")
