"""Models that fastembed runs: which files they have, and loading them. Blocks: call it in a thread."""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.model_names import ModelName
from bot.models.files import TOKENIZER_FILES, Wanted, check_files, hash_files
from bot.models.memory import measure_free_memory
from bot.models.problems import ModelProblem, ModelUnusable

if TYPE_CHECKING:
    import numpy as np

MEMORY_FACTOR = 3  # a model takes its weights, what the runtime makes of them, and room to work
MODEL_FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")  # where a folder of one's own has the weights
_SEARCHING = "Represent this sentence for searching relevant passages: "
# What the models' own pages put before a query and before a passage; others want nothing.
_PREFIXES = {
    **dict.fromkeys([f"BAAI/bge-{size}-en-v1.5" for size in ("small", "base", "large")], (_SEARCHING, "")),
    **dict.fromkeys([f"snowflake/snowflake-arctic-embed-{size}" for size in ("xs", "s", "m", "l")], (_SEARCHING, "")),
    "mixedbread-ai/mxbai-embed-large-v1": (_SEARCHING, ""),
    "intfloat/multilingual-e5-small": ("query: ", "passage: "),
    "intfloat/multilingual-e5-large": ("query: ", "passage: "),
    "nomic-ai/nomic-embed-text-v1.5": ("search_query: ", "search_document: "),
    "nomic-ai/nomic-embed-text-v1.5-Q": ("search_query: ", "search_document: "),
}


class FastembedEncoder:
    """An encoder by the name of its model and revision, with what it wants before a query and before a passage."""

    def __init__(self, name: str, model: Any, prefixes: tuple[str, str]) -> None:
        self.name = name
        self._model = model
        self._query_prefix, self._passage_prefix = prefixes
        self.knows_languages = "multilingual" in name.lower()
        self.dimensions = len(self.encode_query("ready"))

    def encode_query(self, text: str) -> "np.ndarray":
        return _take_one(self._model.query_embed(self._query_prefix + text))

    def encode_passage(self, text: str) -> "np.ndarray":
        return _take_one(self._model.passage_embed([self._passage_prefix + text]))


class FastembedReranker:
    """A cross-encoder, which reads a query and a passage together."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model
        self.rate("ready", ["ready"])

    def rate(self, query: str, passages: Sequence[str]) -> list[float]:
        return [float(each) for each in self._model.rerank(query, passages)]


def _take_one(vectors: Iterable["np.ndarray"]) -> "np.ndarray":
    (vector,) = vectors
    return vector


def find_wanted_files(name: ModelName, *, reranks: bool) -> Wanted:
    """What has to be fetched for a model. Raises `ModelUnusable` if fastembed is not installed, or does not know it."""
    known = {each["model"].lower(): each for each in _import_kind(reranks=reranks).list_supported_models()}
    described = known.get(name.name.lower())
    if described is None or not described["sources"]["hf"]:
        near = get_close_matches(name.name.lower(), known, 1, 0.3)
        nearest = f"; did you mean {known[near[0]]['model']}?" if near else ""
        kind = "reranker" if reranks else "encoder"
        raise ModelUnusable(ModelProblem.UNKNOWN, f"fastembed has no {kind} {name.name}{nearest}")
    files = (described["model_file"], *described["additional_files"], *TOKENIZER_FILES)
    return Wanted(described["sources"]["hf"], files)


def load_encoder(source: ModelName | Path, place: Path) -> FastembedEncoder:
    """The encoder whose files are in the folder `place`. Raises `ModelUnusable`, and whatever its files do."""
    if isinstance(source, Path):
        name, prefixes = _register_folder(place, reranks=False), _read_prefixes(place)
        return FastembedEncoder(name, _load(name, place, reranks=False), prefixes)
    revision = check_files(place)
    prefixes = next((each for known, each in _PREFIXES.items() if known.lower() == source.name.lower()), ("", ""))
    model = _load(source.name, place, reranks=False)
    return FastembedEncoder(f"{source.name}@{revision}", model, prefixes)


def load_reranker(source: ModelName | Path, place: Path) -> FastembedReranker:
    """The cross-encoder whose files are in the folder `place`. Raises `ModelUnusable`, and whatever its files do."""
    if isinstance(source, Path):
        name = _register_folder(place, reranks=True)
        return FastembedReranker(name, _load(name, place, reranks=True))
    revision = check_files(place)
    return FastembedReranker(f"{source.name}@{revision}", _load(source.name, place, reranks=True))


def _load(name: str, place: Path, *, reranks: bool) -> Any:
    size, free = sum(each.stat().st_size for each in place.rglob("*.onnx*")), measure_free_memory()
    if free is not None and free < MEMORY_FACTOR * size:
        needed = MEMORY_FACTOR * size // 2**20
        raise ModelUnusable(ModelProblem.NO_MEMORY, f"it takes about {needed} MB, and {free // 2**20} MB are free")
    return _import_kind(reranks=reranks)(name, specific_model_path=str(place), cuda=False)


def _import_kind(*, reranks: bool) -> Any:
    """fastembed's class for encoders, or for cross-encoders."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else ONNX Runtime reports to Microsoft from its import on
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        if reranks:
            from fastembed.rerank.cross_encoder import TextCrossEncoder  # noqa: PLC0415

            return TextCrossEncoder
        from fastembed import TextEmbedding  # noqa: PLC0415
    except ImportError as error:
        raise ModelUnusable(ModelProblem.NOT_INSTALLED, str(error)) from error
    return TextEmbedding


def _register_folder(folder: Path, *, reranks: bool) -> str:
    """Tell fastembed of a model in a folder of one's own; returns its name, which has what its files hold."""
    kind = _import_kind(reranks=reranks)
    from fastembed.common.model_description import ModelSource, PoolingType  # noqa: PLC0415

    model_file = next((each for each in MODEL_FILES if (folder / each).exists()), None)
    names = [model_file or MODEL_FILES[0], *TOKENIZER_FILES]
    if missing := [each for each in names if not (folder / each).exists()]:
        raise ModelUnusable(ModelProblem.UNUSABLE, f"{folder} has no {missing[0]}")
    name, source = f"{folder.name}@{hash_files(folder, names)}", ModelSource(hf=str(folder))
    if any(each["model"].lower() == name.lower() for each in kind.list_supported_models()):
        return name
    if reranks:
        kind.add_custom_model(name, sources=source, model_file=model_file)
    else:
        takes_first = bool(_read_json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token"))
        pooling = PoolingType.CLS if takes_first else PoolingType.MEAN
        kind.add_custom_model(name, pooling, normalization=True, sources=source, dim=1, model_file=model_file)
    return name


def _read_prefixes(folder: Path) -> tuple[str, str]:
    """As sentence-transformers keeps them."""
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    passage = prompts.get("document") or prompts.get("passage") or ""
    return str(prompts.get("query") or ""), str(passage)


def _read_json(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        told = json.loads(file.read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    return {}
