"""Reading members of JSON that is still being written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.translation.llm.json_members import JsonMembers
from app.services.translation.quality.line_batch import Member


def read(text: str, size: int = 1) -> list[Member]:
    members = JsonMembers()
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    found = [member for piece in pieces for member in members.feed(piece)]
    return found + members.end()


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ('{"1": "a", "2":"b"}', [("1", "a"), ("2", "b")]),
        ('Of {course}:\n```json\n{"1": "a",}\n```\n{"x"', [("1", "a")]),
        ('{{"1": "a"}}', [("1", "a")]),
        ('{"1": "\\ud83d\\ude00 \\u00e9 \\"q\\" \\\\ \\/ \\n"}', [("1", '😀 é "q" \\ / \n')]),
        ('{"1": "half \\ud83d"}', [("1", "half \ufffd")]),
        ('{"1": "raw\nline"}', [("1", "raw\nline")]),
        ('{"wrapped": {"1": "a", "2": "b"}}', [("1", "a"), ("2", "b")]),
        ('{"note": {"1": "no"}, "1": "yes"}', [("1", "yes")]),
        ('[{"1": "a"}, {"2": "b"}]', [("1", "a"), ("2", "b")]),
        ('{"1": 5, "2": null, "3": [{"4": "x"}, "]"], "5": "y"}', [("5", "y")]),
        ('{"1": "he said "no" to me", "2": "b"}', []),
        ('{"1": "bad \\u12g4", "2": "b"}', []),
        ('{"1": "cut off', []),
        ('{"1": "cut off"', []),
        ('{"a": ' * 50 + '"x"', []),
        ("[" * 5000, []),
        ("no object at all", []),
        ("", []),
    ],
)
def test_finds_what_is_complete_and_well_formed(text: str, members: list[Member]):
    for size in (1, 2, 5, 10_000):
        assert read(text, size) == members


def test_a_member_is_out_as_soon_as_it_is_surely_complete():
    members = JsonMembers()
    assert members.feed('{"1": "a"') == []
    assert members.feed(",") == [("1", "a")]
    assert members.feed(' "2": "b"}') == [("2", "b")]


texts = st.dictionaries(st.text(max_size=6), st.text(max_size=20), max_size=8)


@given(texts, st.integers(1, 30), st.booleans(), st.sampled_from([None, 1]))
def test_reads_what_json_writes(
    object_: dict[str, str], size: int, ascii_only: bool, indent: int | None
):
    text = json.dumps(object_, ensure_ascii=ascii_only, indent=indent)
    assert read(text, size) == list(object_.items())


@given(texts, st.data())
def test_a_cut_answer_gives_the_whole_members_before_the_cut(
    object_: dict[str, str], data: st.DataObject
):
    text = json.dumps(object_)
    cut = data.draw(st.integers(0, len(text)))
    found = read(text[:cut])
    assert found == list(object_.items())[: len(found)]


@given(st.text(st.sampled_from('{}[]":,\\u0d8 ax1'), max_size=60))
def test_no_text_breaks_it(text: str):
    assert all(isinstance(value, str) for _, value in read(text))
