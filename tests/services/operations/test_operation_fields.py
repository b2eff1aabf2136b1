"""What a form shows of each media operation."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidFieldError
from app.services.operations.operation_fields import operation_fields
from app.services.operations.operation_table import OPERATIONS
from app.submission.envelopes.operation_envelope import operation_input


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_filled_in(name: str) -> None:
    operation = OPERATIONS[name]
    fields = {each.name: each for each in operation_fields(operation)}
    for group in operation.required:
        assert any(each in fields for each in group), group
    required = {key for key, field in operation.input.model_fields.items() if field.is_required()}
    assert required <= set(fields)
    assert not {"path", "output_filename", "subtitles", "words"} & set(fields)
    for field in fields.values():
        if field.default is not None and field.choices:
            assert field.default in field.choices


def test_kinds_and_bounds() -> None:
    shown = {each.name: each for each in operation_fields(OPERATIONS["img2vid"])}
    assert shown["images"].kind == "files"
    assert [each.name for each in shown["images"].items] == ["id", "image_url", "duracao"]
    assert (shown["width"].minimum, shown["width"].maximum, shown["width"].default) == (
        16,
        3840,
        1920,
    )
    assert shown["zoom_types"].kind == "list"
    assert "zoomout" in shown["zoom_types"].choices
    mux = {each.name: each.kind for each in operation_fields(OPERATIONS["mux"])}
    assert (mux["url_video"], mux["url_srt"], mux["tracks"]) == ("file", "file", "object")
    assert (mux["container"], mux["default"], mux["loudness"]) == ("choice", "boolean", "number")
    assert next(iter(operation_fields(OPERATIONS["addaudio"]))).name == "url_video"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("caption", "Missing required fields: url_video, url_srt"),
        ("img2vid", "Missing required field: images"),
        ("addaudio", "Missing required fields: url_video, url_audio"),
    ],
)
def test_c1_missing_fields_are_named_as_clients_know_it(name: str, message: str) -> None:
    for fields in ({}, {"url_video": "", "images": []}, {"url_audio": None}):
        with pytest.raises(InvalidFieldError) as caught:
            operation_input(OPERATIONS[name], fields)
        assert caught.value.message == message
