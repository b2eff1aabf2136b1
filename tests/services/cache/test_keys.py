"""Keys: equal parts have the same key, any others never do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.cache.keys import KEY_CHARS, stage_key

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PARTS = st.recursive(
    LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def told_apart(value: Any) -> Any:
    """Return a value that equals another's only where type and content are the same."""
    if isinstance(value, list):
        return ("list", tuple(told_apart(inner) for inner in value))
    if isinstance(value, dict):
        return ("dict", frozenset((name, told_apart(inner)) for name, inner in value.items()))
    return (type(value), repr(value))


@given(st.lists(PARTS, max_size=4), st.lists(PARTS, max_size=4))
def test_keys_are_equal_exactly_when_their_parts_are(one: list[Any], two: list[Any]) -> None:
    same = told_apart(one) == told_apart(two)
    assert (stage_key(*one) == stage_key(*two)) == same


@given(st.text(), st.text(), st.text(min_size=1))
def test_no_border_moves_unseen(left: str, right: str, between: str) -> None:
    keys = {
        stage_key(left + between, right),
        stage_key(left, between + right),
        stage_key(left, between, right),
        stage_key(left + between + right),
        stage_key([left, between], right),
        stage_key(left, [between, right]),
    }
    assert len(keys) == 6


def test_a_key_is_a_plain_name_and_the_same_in_every_process() -> None:
    key = stage_key("windows", 1, None, True, 0.5, ["a"], {"b": "ü\ud800", "a": 2})
    assert key == stage_key("windows", 1, None, True, 0.5, ("a",), {"a": 2, "b": "ü\ud800"})
    assert key == "a557167f6eb91c0bbf30e46feb4a8c36e044dd6b"
    assert len(key) == KEY_CHARS


def test_values_that_json_writes_alike_or_not_at_all_are_refused() -> None:
    with pytest.raises(TypeError, match="strings"):
        stage_key({"a": [{1: "x"}]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="JSON"):
        stage_key(float("nan"))
