"""What tests of meaning share."""

from collections.abc import Iterator

import pytest

from bot.search import search as search_module


@pytest.fixture(scope="module")
def whatever_is_near() -> Iterator[None]:
    """In an index of a few papers the nearest ones are rarely near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "LEAST_COSINE", -1.0)
        yield
