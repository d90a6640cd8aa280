"""Tiny models in the files that real ones have: ONNX byte by byte, and a tokenizer of a few words.

The numbers of the fields are those of onnx.proto3, from the ONNX project.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

FLOAT, INT64 = 1, 7  # types of tensors
SPECIAL = ("[PAD]", "[UNK]")
LENGTH = 64  # tokens; the rest of a text is cut off


def write_encoder(folder: Path, words: Mapping[str, list[float]], file: str = "model.onnx") -> None:
    """An encoder whose vectors are the means of those of the words; words that it does not know have zeros."""
    vectors = [*words.values()]
    unknown = [[0.0] * len(vectors[0])] * len(SPECIAL)
    gather = _node("Gather", ["words", "input_ids"], "last_hidden_state")
    shape: list[str | int] = ["batch", "tokens", len(vectors[0])]
    _write(folder, file, [*words], np.array(unknown + vectors), gather, ("last_hidden_state", shape))


def write_reranker(folder: Path, words: Mapping[str, float], file: str = "model.onnx") -> None:
    """A cross-encoder that adds up what the words of both texts count."""
    counts = np.array([0.0] * len(SPECIAL) + [*words.values()])
    added_up = _node("ReduceSum", ["counts", "axes"], "added_up", keepdims=0)
    nodes = _node("Gather", ["words", "input_ids"], "counts") + added_up
    nodes += _node("Unsqueeze", ["added_up", "axes"], "logits") + _part(5, _tensor("axes", np.array([1]), INT64))
    _write(folder, file, [*words], counts, nodes, ("logits", ["batch", 1]))


def _write(
    folder: Path, file: str, words: list[str], table: np.ndarray, nodes: bytes, output: tuple[str, list[str | int]]
) -> None:
    place = folder / file
    place.parent.mkdir(parents=True, exist_ok=True)
    graph = nodes + _text(2, "tiny") + _part(5, _tensor("words", table.astype(np.float32), FLOAT))
    graph += _part(11, _value("input_ids", INT64, ["batch", "tokens"])) + _part(12, _value(output[0], FLOAT, output[1]))
    place.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, _number(2, 17)))  # ir_version, opset_import
    tokenizer = Tokenizer(models.WordLevel({word: id_ for id_, word in enumerate([*SPECIAL, *words])}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"model_max_length": LENGTH, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def _node(kind: str, inputs: list[str], output: str, **numbers: int) -> bytes:
    node = b"".join(_text(1, each) for each in inputs) + _text(2, output) + _text(4, kind)
    for name, number in numbers.items():
        node += _part(5, _text(1, name) + _number(3, number) + _number(20, 2))
    return _part(1, node)


def _tensor(name: str, values: np.ndarray, kind: int) -> bytes:
    dimensions = b"".join(_number(1, each) for each in values.shape)
    return dimensions + _number(2, kind) + _text(8, name) + _part(9, values.tobytes())


def _value(name: str, kind: int, shape: list[str | int]) -> bytes:
    dimensions = [_number(1, each) if isinstance(each, int) else _text(2, each) for each in shape]
    tensor = _number(1, kind) + _part(2, b"".join(_part(1, each) for each in dimensions))
    return _text(1, name) + _part(2, _part(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _part(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])
