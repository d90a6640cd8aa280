"""`/paper show` with words: the best hit as a card, and the next ones as buttons."""

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entries, entry
from tests.support.lookups import card, paper_command, read_card
from tests.support.messages import answer, button_labels, custom_ids, paper_ids, read_texts
from tests.support.server import Server


async def test_the_best_hit_is_a_card_and_the_next_four_are_buttons(
    server: Server, papers_server: PapersServer
) -> None:
    long = "A Very Long Title About Papers " * 6
    papers_server.lists = {DAY: [*entries(8), entry("2601.00009", title=long)]}
    await server.read_lists()
    message = await card(server, "paper")
    text = read_texts(message.message)
    assert text.startswith("Best match for **paper**\n## [Paper 2601.0000")
    details = [each for each in custom_ids(message) if each.startswith("details:")]
    assert len(details) == 4
    assert "All 9 papers" in button_labels(message)
    for custom_id in details:
        paper_id = custom_id.removeprefix("details:")
        assert paper_id not in text
        assert f"arXiv:{paper_id}" in answer(await server.member.click(message, custom_id=custom_id))
    await server.member.click(message, label="All 9 papers")
    assert len(paper_ids(message)) == 5
    assert "**paper** · 9 papers" in read_texts(message.message)


async def test_titles_are_cut_to_what_a_button_holds(server: Server, papers_server: PapersServer) -> None:
    long = "Papers With a Very Long Title That Goes On and On and On " * 4
    papers_server.lists = {DAY: [entry(f"2601.0000{n}", title=f"{long}{n}") for n in range(1, 5)]}
    await server.read_lists()
    labels = [label for label in button_labels(await card(server, "papers with a title")) if label.startswith("Papers")]
    assert len(labels) == 3
    assert all(len(label) <= 80 and label.endswith("…") for label in labels)


async def test_the_only_hit_has_no_others_beside_it(library: Server) -> None:
    message = await card(library, "diffusion")
    assert not [each for each in custom_ids(message) if each.startswith(("details:", "find:"))]


async def test_a_paper_that_is_named_is_not_called_a_best_match(library: Server) -> None:
    assert "Best match" not in await read_card(library, "2601.00001")


async def test_a_misspelled_word_is_corrected_and_the_card_says_so(library: Server) -> None:
    text = await read_card(library, "difusion")
    assert "No paper contains *difusion*. Showing results for **diffusion** instead." in text
    assert "arXiv:2601.00002" in text


async def test_words_that_the_archive_lacks_are_looked_up_on_hugging_face(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    result = await paper_command(library, "show", paper="zeppelin")
    assert "# On Hugging Face\n**zeppelin** · no paper in the archive matches" in answer(result)
    assert result.response
    assert paper_ids(result.response) == ["2512.00001"]
