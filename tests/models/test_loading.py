"""The models that the settings name: fetched once, checked at every load, and never in the way of a search."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.archive import Archive
from bot.model_names import ModelName
from bot.models import fastembed_models, memory
from bot.models.files import MANIFEST, Hub, Wanted, fetch_model, get_model_folder, read_failure
from bot.models.loading import ENCODER_SETTING, RERANKER_SETTING, ModelChoice, Source, load_models
from bot.models.problems import ModelProblem, ModelUnusable
from bot.papers.api import PapersAPI
from bot.search import Meaning, SearchIndex, parse_query
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper
from tests.support.encoders import DIMENSIONS, RandomEncoder
from tests.support.hub import LoopbackHub
from tests.support.onnx_models import write_encoder, write_reranker

pytest.importorskip("fastembed", reason="the extra models is not installed")
MINILM, BUNDLED = ModelName("sentence-transformers/all-MiniLM-L6-v2"), RandomEncoder("bundled")
LOADED = f"{MINILM}@5f2c1a90"
CATS, ROADS, SOUNDS = (
    paper("2601.00001", title="Feline Behaviour", abstract="Felines purr."),
    paper("2601.00002", title="Routes", abstract="Roads and maps."),
    paper("2601.00003", title="Whistles", abstract="Dolphins sing."),
)
WORDS = {
    **{key: [1.0, 0.1, 0.0] for key in ["kitten", "feline", "felines", "purr"]},
    **{key: [0.0, 1.0, 0.1] for key in ["journey", "routes", "roads", "maps"]},
    **{key: [0.1, 0.0, 1.0] for key in ["whistles", "dolphins", "sing"]},
}


@dataclass
class Bot:
    """A bot that has the bundled encoder's vectors, and waits for another encoder."""

    archive: Archive
    search: SearchIndex
    storage: Storage
    folder: Path
    hub: LoopbackHub

    async def load(self, encoder: Source | None = MINILM, reranker: Source | None = None) -> None:
        hub = Hub(self.hub.url or "http://127.0.0.1:9")
        await load_models(ModelChoice(encoder, reranker, self.folder, hub), self.archive, self.search)

    def get_problem(self, source: Source = MINILM, setting: str = ENCODER_SETTING) -> ModelProblem | None:
        failure = read_failure(self.folder, setting, source)
        return failure.problem if failure else None

    @property
    def model(self) -> str:
        assert self.search.meaning is not None
        return self.search.meaning.model

    def find(self, text: str) -> str:
        return self.search.find_papers(parse_query(text, DAY), limit=1).ids[0]


@pytest.fixture
async def bot(tmp_path: Path, api: PapersAPI, storage: Storage) -> AsyncIterator[Bot]:
    search = SearchIndex(tmp_path / "index", await storage.papers.get_archive_id(), 0, Meaning(BUNDLED))
    archive = Archive(api, storage, search)
    await storage.papers.record_list(DAY, [CATS, ROADS, SOUNDS], MORNING)
    await archive.update_index()
    await archive.embed_papers()
    archive.awaits_encoder = True
    write_encoder(tmp_path / "repository", WORDS, "model.onnx")
    yield Bot(archive, search, storage, tmp_path / "models", LoopbackHub(tmp_path / "repository"))
    search.close()


class TestFetching:
    async def test_a_model_is_fetched_once_and_papers_are_found_by_its_vectors(self, bot: Bot) -> None:
        async with bot.hub.serve():
            await bot.load()
        assert bot.model == LOADED
        assert len(bot.hub.asked) == 4  # what there is, and three files
        await bot.archive.embed_papers()
        assert [bot.find(text) for text in ("kitten", "journey")] == [CATS.id, ROADS.id]
        assert await bot.storage.embeddings.list_missing(bot.model, 9) == []
        assert len((await bot.storage.embeddings.get(bot.model, [CATS.id]))[CATS.id]) == 3
        bot.hub.url = ""  # it can't be reached any more
        await bot.load()
        assert bot.model == LOADED
        assert bot.get_problem() is None

    async def test_what_a_killed_bot_left_of_a_download_goes_even_if_the_model_came_afterwards(self, bot: Bot) -> None:
        place = get_model_folder(bot.folder, MINILM)
        left, recent, other = (place.with_name(name) for name in ("fetching.old", "fetching.new", f"{place.name}.5"))
        for each in (left, recent, other):
            each.mkdir(parents=True)
        os.utime(other, (0, 0))
        async with bot.hub.serve():
            await bot.load()
            os.utime(left, (0, 0))
            await bot.load()
        assert len(bot.hub.asked) == 4
        assert sorted(bot.folder.iterdir()) == sorted([place, recent, other])

    async def test_a_revision_that_is_named_is_fetched_and_no_other(self, bot: Bot) -> None:
        async with bot.hub.serve():
            await bot.load(ModelName(MINILM.name, "ffff"))
            assert bot.get_problem(ModelName(MINILM.name, "ffff")) is ModelProblem.UNKNOWN
            await bot.load(ModelName(MINILM.name, "5f2c1a90"))
        assert bot.model == LOADED
        assert bot.get_problem() is None

    async def test_a_file_that_was_changed_is_fetched_again(self, bot: Bot) -> None:
        async with bot.hub.serve():
            await bot.load()
            weights = get_model_folder(bot.folder, MINILM) / "model.onnx"
            whole = weights.read_bytes()
            weights.write_bytes(whole[:-9])
            await bot.load()
        assert weights.read_bytes() == whole
        assert len(bot.hub.asked) == 8

    @pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
    async def test_what_is_not_what_the_hub_says_it_is_is_not_used(self, bot: Bot, file: str) -> None:
        bot.hub.spoiled.add(file)
        async with bot.hub.serve():
            await bot.load()
        assert bot.get_problem() is ModelProblem.DAMAGED
        assert bot.model == BUNDLED.name
        assert [each.name for each in bot.folder.iterdir()] == [f"{ENCODER_SETTING}.failure.json"]

    async def test_without_a_network_the_search_goes_on_and_the_hub_is_asked_again_later(
        self, bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        loading = asyncio.create_task(bot.load())
        while bot.get_problem() is None:  # noqa: ASYNC110  # a file tells
            await asyncio.sleep(0.01)
        assert bot.get_problem() is ModelProblem.UNREACHABLE
        assert not loading.done()
        assert len(bot.search.find_papers(parse_query("felines", DAY), limit=9).ids) >= 1
        assert "the search goes on without it" in caplog.text
        loading.cancel()

    @pytest.mark.parametrize("page", ["<html>Sign in</html>", "[]", "null", '{"siblings": [1]}', "[" * 100_000])
    async def test_a_login_page_in_place_of_the_hub_is_no_reason_to_stop_asking(self, bot: Bot, page: str) -> None:
        bot.hub.login_page = page
        async with bot.hub.serve():
            with pytest.raises(ModelUnusable) as raised:
                await fetch_model(Hub(bot.hub.url), Wanted("some/model", ()), None, bot.folder / "model")
        assert raised.value.problem is ModelProblem.UNREACHABLE

    async def test_a_failure_is_told_without_the_password_of_the_proxy(self, bot: Bot) -> None:
        async with bot.hub.serve():
            hub = Hub("https://hub.invalid", bot.hub.url.replace("//", "//me:secret@"))
            with pytest.raises(ModelUnusable) as raised:
                await fetch_model(hub, Wanted("some/model", ()), None, bot.folder / "model")
        assert raised.value.detail == "ClientHttpProxyError: 404 Not Found"

    async def test_a_reranker_does_not_wait_for_an_encoder_whose_hub_is_away(self, bot: Bot, tmp_path: Path) -> None:
        write_reranker(tmp_path / "reranker", {"routes": 1.0})
        loading = asyncio.create_task(bot.load(MINILM, tmp_path / "reranker"))
        async with asyncio.timeout(30):
            while bot.search.reranking is None:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)
        assert bot.get_problem() is ModelProblem.UNREACHABLE
        loading.cancel()

    async def test_while_a_model_is_awaited_no_vector_that_may_be_its_own_is_replaced(self, bot: Bot) -> None:
        async with bot.hub.serve():
            await bot.load()
        await bot.archive.embed_papers()
        own = await bot.storage.embeddings.get(bot.model, [CATS.id, ROADS.id, SOUNDS.id])
        model, new = bot.model, paper("2601.00009", title="New")
        bot.archive.awaits_encoder, bot.search.meaning = True, Meaning(BUNDLED)  # as after a restart
        await bot.storage.papers.record_paper(new, MORNING)
        await bot.archive.embed_papers()
        assert await bot.storage.embeddings.get(model, [CATS.id, ROADS.id, SOUNDS.id]) == own
        assert [*await bot.storage.embeddings.get(BUNDLED.name, [new.id])] == [new.id]


class TestWhatCannotBeUsed:
    async def test_a_name_that_is_mistyped_is_answered_with_the_one_that_is_meant(
        self, bot: Bot, caplog: pytest.LogCaptureFixture
    ) -> None:
        mistyped = ModelName("BAAI/bge-smal-en-v1.5")
        await bot.load(mistyped)
        assert bot.get_problem(mistyped) is ModelProblem.UNKNOWN
        assert "did you mean BAAI/bge-small-en-v1.5?" in caplog.text

    async def test_a_model_that_needs_more_memory_than_there_is_is_not_loaded(
        self, bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 0 kB\n")
        monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
        async with bot.hub.serve():
            await bot.load()
        assert bot.get_problem() is ModelProblem.NO_MEMORY

    async def test_files_that_are_no_model_are_told(self, bot: Bot) -> None:
        (bot.hub.folder / "model.onnx").write_bytes(b"no model")
        async with bot.hub.serve():
            await bot.load()
        assert bot.get_problem() is ModelProblem.UNUSABLE
        assert bot.model == BUNDLED.name

    async def test_two_settings_with_each_others_models_are_told(self, bot: Bot, tmp_path: Path) -> None:
        write_encoder(tmp_path / "encoder", WORDS)
        write_reranker(tmp_path / "reranker", {"routes": 1.0})
        await bot.load(tmp_path / "reranker", tmp_path / "encoder")
        assert bot.get_problem(tmp_path / "reranker") is ModelProblem.UNUSABLE
        assert bot.get_problem(tmp_path / "encoder", RERANKER_SETTING) is ModelProblem.UNUSABLE
        assert bot.model == BUNDLED.name
        assert bot.search.reranking is None


class TestFolders:
    async def test_a_folder_of_ones_own_may_have_the_model_and_its_prefixes(self, bot: Bot, tmp_path: Path) -> None:
        folder = tmp_path / "mine"
        write_encoder(folder, WORDS | {"search": [0.0, 0.0, 1.0], "text": [0.0, 1.0, 0.0]}, "onnx/model.onnx")
        prompts = {"prompts": {"query": "search ", "document": "text "}}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
        await bot.load(folder)
        encoder = fastembed_models.load_encoder(folder, folder)
        assert bot.model == encoder.name
        assert bot.model.startswith("mine@")
        assert encoder.dimensions == 3 != DIMENSIONS
        assert encoder.encode_query("kitten") @ encoder.encode_query("whistles") > 0.7  # the prefix is in both
        assert encoder.encode_query("kitten") @ encoder.encode_passage("kitten") < 0.8

    async def test_another_model_in_the_same_folder_has_another_name(self, bot: Bot, tmp_path: Path) -> None:
        write_encoder(tmp_path / "mine", WORDS)
        await bot.load(tmp_path / "mine")
        before = bot.model
        write_encoder(tmp_path / "mine", WORDS | {"more": [1.0, 1.0, 1.0]})
        await bot.load(tmp_path / "mine")
        assert bot.model != before

    async def test_a_folder_without_a_model_is_told(self, bot: Bot, tmp_path: Path) -> None:
        await bot.load(tmp_path / "nothing")
        assert bot.get_problem(tmp_path / "nothing") is ModelProblem.UNUSABLE


async def test_a_query_begins_as_its_model_wants_it(bot: Bot) -> None:
    """This one takes the vector of the first word for that of the text."""
    write_encoder(bot.hub.folder, WORDS | {"represent": [0.5, 0.5, 0.5]}, "model_optimized.onnx")
    bge = ModelName("BAAI/bge-small-en-v1.5")
    async with bot.hub.serve():
        await bot.load(bge)
    encoder = fastembed_models.load_encoder(bge, get_model_folder(bot.folder, bge))
    assert encoder.encode_query("kitten") @ encoder.encode_passage("represent") == pytest.approx(1.0)
    assert encoder.encode_query("kitten") @ encoder.encode_passage("kitten") < 0.9


async def test_a_reranker_is_loaded_and_rates(bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write_reranker(tmp_path / "reranker", {"routes": 2.0, "feline": 1.0, "purr": 0.5})
    await bot.load(None, tmp_path / "reranker")
    assert bot.search.reranking is not None
    assert bot.get_problem(tmp_path / "reranker", RERANKER_SETTING) is None
    sorted_ = bot.search.reranking.sort_papers("anything", [SOUNDS, CATS, ROADS])
    assert sorted_ == [ROADS, CATS, SOUNDS]
    assert "is loaded" in caplog.text


async def test_what_is_kept_of_a_model_says_its_revision_and_checksums(bot: Bot) -> None:
    async with bot.hub.serve():
        await bot.load()
    manifest = json.loads((get_model_folder(bot.folder, MINILM) / MANIFEST).read_text())
    assert manifest["revision"] == "5f2c1a90"
    assert set(manifest["files"]) == {"model.onnx", "tokenizer.json", "tokenizer_config.json"}
    assert all(len(each) == 64 for each in manifest["files"].values())
