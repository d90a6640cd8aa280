"""Reads the papers API's JSON: an entry of a list, or a single paper. Only this module knows that JSON."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeGuard

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from bot.papers import ARXIV_ID, Paper
from bot.text import join_lines


def _clean_line(value: Any) -> Any:
    return join_lines(value) if isinstance(value, str) else value


def _clean_title(value: Any) -> Any:
    """A title of invisible characters becomes empty; one that is empty or blank is an error."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("no title")
    return _clean_line(value)


def _ignore_invalid(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """None for a value that cannot be read, so that an optional field does not cost the whole entry."""
    try:
        return handler(value)
    except ValidationError:
        return None


def _require_date(value: Any) -> Any:
    """Reject all but dates: pydantic would read a number, or a text with one, as seconds since 1970."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        return value
    raise ValueError("no instant that begins with a date")


def _to_utc(instant: datetime) -> datetime:
    try:
        whole = instant.replace(microsecond=0)  # as the archive stores it
        return whole.astimezone(UTC) if whole.tzinfo else whole.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("an instant before the year 1 or after the year 9999") from error


def _remove_spaces(value: Any) -> Any:
    return "".join(value.split()) if isinstance(value, str) else value  # two real URLs contain a newline


_Line = Annotated[str, BeforeValidator(_clean_line)]
_Title = Annotated[str, BeforeValidator(_clean_title)]
_Count = Annotated[int, Field(ge=0, le=2**31)]
_OptionalLine = Annotated[_Line | None, WrapValidator(_ignore_invalid)]
_OptionalCount = Annotated[_Count | None, WrapValidator(_ignore_invalid)]
_Time = Annotated[datetime, BeforeValidator(_require_date), AfterValidator(_to_utc)]
_OptionalTime = Annotated[_Time | None, WrapValidator(_ignore_invalid)]
_OptionalUrl = Annotated[HttpUrl | None, BeforeValidator(_remove_spaces), WrapValidator(_ignore_invalid)]
_OptionalList = Annotated[list[Any] | None, WrapValidator(_ignore_invalid)]
_URL: TypeAdapter[HttpUrl | None] = TypeAdapter(_OptionalUrl)
_TIME: TypeAdapter[datetime | None] = TypeAdapter(_OptionalTime)
_NEAR = timedelta(days=1)  # how far the day that an entry names may be from that of its list


def _path_in_paper(name: str) -> AliasPath:
    return AliasPath("paper", name)


class _Entry(BaseModel):
    """One entry of `/api/daily_papers`; a missing value is a missing key there."""

    id: Annotated[str, StringConstraints(pattern=f"^{ARXIV_ID}$")] = Field(validation_alias=_path_in_paper("id"))
    title: _Title = Field(validation_alias=AliasChoices(_path_in_paper("title"), "title"))
    abstract: _OptionalLine = Field(None, validation_alias=AliasChoices(_path_in_paper("summary"), "summary"))
    # The outer level has no upvotes: reading them there gives 0 for every paper.
    upvotes: _Count = Field(0, validation_alias=_path_in_paper("upvotes"))
    comments: _OptionalCount = Field(None, validation_alias="numComments")
    authors: _OptionalList = Field(None, validation_alias=_path_in_paper("authors"))
    published_at: _OptionalTime = Field(None, validation_alias=_path_in_paper("publishedAt"))
    submitted_at: _OptionalTime = Field(None, validation_alias=_path_in_paper("submittedOnDailyAt"))
    withdrawn_at: _OptionalTime = Field(None, validation_alias=_path_in_paper("withdrawnAt"))
    organization: _OptionalLine = Field(
        None,
        validation_alias=AliasChoices(
            AliasPath("paper", "organization", "fullname"),
            AliasPath("organization", "fullname"),
            AliasPath("paper", "organization", "name"),
            AliasPath("organization", "name"),
        ),
    )
    ai_summary: _OptionalLine = Field(None, validation_alias=_path_in_paper("ai_summary"))
    tags: _OptionalList = Field(None, validation_alias=_path_in_paper("ai_keywords"))
    github_repo: _OptionalUrl = Field(None, validation_alias=_path_in_paper("githubRepo"))
    github_stars: _OptionalCount = Field(None, validation_alias=_path_in_paper("githubStars"))
    project_page: _OptionalUrl = Field(None, validation_alias=_path_in_paper("projectPage"))
    media_urls: _OptionalList = Field(None, validation_alias=AliasChoices(_path_in_paper("mediaUrls"), "mediaUrls"))
    linked_models: _OptionalCount = Field(None, validation_alias=_path_in_paper("numTotalModels"))
    linked_datasets: _OptionalCount = Field(None, validation_alias=_path_in_paper("numTotalDatasets"))
    linked_spaces: _OptionalCount = Field(None, validation_alias=_path_in_paper("numTotalSpaces"))

    def to_paper(self, day: date | None) -> Paper:
        names = (a.get("name") for a in self.authors or () if isinstance(a, dict) and not a.get("hidden"))
        return Paper(
            id=self.id,
            title=self.title,
            abstract=self.abstract or "",
            # This date is the list's day; entries from before 2025-03-17 lack it, so the requested day is used.
            day=self.submitted_at.date() if day and _is_near_day(self.submitted_at, day) else day,
            upvotes=self.upvotes,
            comments=self.comments or 0,
            authors=_clean_lines(names),
            published_at=self.published_at,
            organization=self.organization or None,
            ai_summary=self.ai_summary or None,
            tags=_clean_lines(self.tags or ()),
            github_repo=str(self.github_repo) if self.github_repo else None,
            github_stars=self.github_stars,
            project_page=str(self.project_page) if self.project_page else None,
            media_urls=tuple(str(url) for each in self.media_urls or () if (url := _URL.validate_python(each))),
            linked_models=self.linked_models,
            linked_datasets=self.linked_datasets,
            linked_spaces=self.linked_spaces,
            withdrawn_at=self.withdrawn_at,
        )


def _is_near_day(instant: datetime | None, day: date) -> TypeGuard[datetime]:
    return instant is not None and abs(instant.date() - day) <= _NEAR


def _clean_lines(values: Iterable[Any]) -> tuple[str, ...]:
    """The texts among `values` that are not empty, each once, in their order."""
    lines = (_clean_line(value) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(line for line in lines if line))


def read_list_entry(entry: Any, day: date | None) -> Paper:
    """The paper in an entry of the list of `day`, or of a search (None).

    Raises `ValueError` if its id, title or upvotes cannot be read.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("paper"), dict):
        raise ValueError("an entry is an object that contains a `paper`")
    values = {key: value for key, value in entry.items() if value is not None}
    values["paper"] = {key: value for key, value in entry["paper"].items() if value is not None}
    return _Entry.model_validate(values).to_paper(day)


def read_entry_id(entry: Any) -> str | None:
    """The id in an entry, even if the rest is unreadable; None if it has no valid id."""
    if not isinstance(entry, dict) or not isinstance(entry.get("paper"), dict):
        return None
    paper_id = entry["paper"].get("id")
    return paper_id if isinstance(paper_id, str) and re.fullmatch(ARXIV_ID, paper_id) else None


def is_entry_misdated(entry: Any, day: date) -> bool:
    """Whether a readable entry of the list of `day` names a day that is far from it, or that cannot be read."""
    submitted_at = entry["paper"].get("submittedOnDailyAt")
    return submitted_at is not None and not _is_near_day(_TIME.validate_python(submitted_at), day)


def read_single_paper(body: Any) -> Paper:
    """The paper in the answer for a single paper, which is like the `paper` of an entry. Raises `ValueError`."""
    return read_list_entry({"paper": body}, None)
