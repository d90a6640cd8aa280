"""Papers as reference managers, spreadsheets and texts have them: one in a message, or thousands in a file."""

from bot.citations.files import CitationFile, build_citation_file
from bot.citations.fitting import FittedCitation, fit_citation
from bot.citations.formats import EXPORT_FORMATS, CitationFormat

__all__ = ["EXPORT_FORMATS", "CitationFile", "CitationFormat", "FittedCitation", "build_citation_file", "fit_citation"]
