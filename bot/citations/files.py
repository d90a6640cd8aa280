"""Files with the citations of one paper or of thousands, with all authors and with their abstracts."""

from collections.abc import Iterable, Mapping

from bot.citations.citation import KeyMaker, cite, make_citation_key
from bot.citations.formats import WRITERS, CitationFormat
from bot.export import ExportFile, FilePacker
from bot.papers import Paper
from bot.storage import SavedPaper


class CitationFile:
    """A file that is written paper by paper, so that it never takes much memory, whatever the papers."""

    def __init__(self, name: str, format_: CitationFormat) -> None:
        self._writer = WRITERS[format_]
        self._packer = FilePacker(f"{name}.{self._writer.ending}")
        self._keys = KeyMaker()
        self._packer.add(self._writer.start.encode())
        self._before = ""
        self.count = 0  # papers

    def add(self, papers: Iterable[Paper], saved: Mapping[str, SavedPaper] | None = None) -> None:
        """Write these papers, with what a person noted about them, by their ids. Raises `Refused` if it is too much."""
        for paper in papers:
            citation = cite(paper, self._keys.make_key, saved=(saved or {}).get(paper.id))
            self._packer.add(f"{self._before}{self._writer.write(citation)}".encode())
            self._before = self._writer.between
            self.count += 1

    def finish(self) -> ExportFile:
        """The file, to be attached. Raises `Refused` if Discord takes no file as large."""
        self._packer.add(self._writer.end.encode())
        return self._packer.finish()


def build_citation_file(paper: Paper, format_: CitationFormat) -> ExportFile:
    """The whole citation of one paper, in a file that is named after its key."""
    file = CitationFile(make_citation_key(paper), format_)
    file.add([paper])
    return file.finish()
