"""What was given to an application of the bot's brand: see `bot.brand`."""

from collections.abc import Mapping

from bot.brand import GivenPart, Part
from bot.storage.database import Database


class GivenBrand:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_parts(self, application_id: int) -> Mapping[Part, GivenPart]:
        rows = await self._database.fetch_rows(
            "SELECT part, given, became FROM brand WHERE application_id = ?", application_id
        )
        return {Part(row["part"]): GivenPart(row["given"], row["became"]) for row in rows if row["part"] in set(Part)}

    async def save_part(self, application_id: int, part: Part, given: GivenPart) -> None:
        await self._database.execute(
            "INSERT INTO brand (application_id, part, given, became) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (application_id, part) DO UPDATE SET given = excluded.given, became = excluded.became",
            application_id,
            part.value,
            given.given,
            given.became,
        )
