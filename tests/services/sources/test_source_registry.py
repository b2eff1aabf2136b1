"""The registry has one row for each kind of source."""

from typing import get_args

from app.domain.request import Source
from app.services.sources.opener import SOURCE_OPENERS


def test_every_type_of_the_request_has_an_opener() -> None:
    assert set(SOURCE_OPENERS) == set(get_args(Source))
