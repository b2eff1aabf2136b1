"""The corpus of damaged caption files, and what the measurement finds in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.domain.time import Span
from bench.caption_lines import FILES, corpus_file, lost_lines, read
from bench.damaged_captions import DAMAGE
from bench.damaged_times import SPELLINGS


def test_no_line_of_a_part_of_the_corpus_is_lost() -> None:
    lost = {
        seed: found for seed in range(0, FILES, 9) if (found := [*lost_lines(corpus_file(seed))])
    }
    assert lost == {}


def test_a_file_follows_from_its_number() -> None:
    assert [corpus_file(seed).data for seed in range(40)] == [
        corpus_file(seed).data for seed in range(40)
    ]
    assert len({corpus_file(seed).data for seed in range(100)}) == 100


def test_every_kind_of_damage_is_in_the_corpus() -> None:
    kinds = {kind for seed in range(FILES) for kind in corpus_file(seed).kinds}
    assert kinds == {*DAMAGE, "joined segments"}
    assert {f"times: {name}" for name in SPELLINGS} <= kinds


def without_notices(data: bytes, format_name: str) -> Captions:
    return replace(read(data, format_name), notices=())


def without_last(data: bytes, format_name: str) -> Captions:
    captions = read(data, format_name)
    return replace(captions, items=captions.items[:-1])


def a_second_late(data: bytes, format_name: str) -> Captions:
    captions = read(data, format_name)
    late = [
        replace(item, span=Span(item.span.start_ms + 1000, item.span.end_ms + 1000))
        for item in captions.items
    ]
    return replace(captions, items=tuple(late))


def with_its_time_line(data: bytes, format_name: str) -> Captions:
    captions = read(data, format_name)
    shown = [replace(item, text=f"00:00:1x {item.text}") for item in captions.items]
    return replace(captions, items=tuple(shown))


def refusing(data: bytes, format_name: str) -> Captions:
    raise InvalidCaptionsError("line 1 is bad")


@pytest.mark.parametrize(
    "reader", [without_notices, without_last, a_second_late, with_its_time_line, refusing]
)
def test_what_a_reader_loses_is_found(reader: object) -> None:
    found = [bool([*lost_lines(corpus_file(seed), reader)]) for seed in range(1, 100)]  # type: ignore[arg-type]
    assert sum(found) > 20
