"""One wrong item costs as much as a thousand of them."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, ValidationError

from app.domain.errors import InvalidFieldError, InvalidFormatError, InvalidProfileError
from app.routers.document_routes import SavedTranscription
from app.routers.download_routes import BatchDownload
from app.routers.render_routes import RenderBody
from app.routers.translate_routes import TranslateBody
from app.services.operations.caption_highlight import CaptionHighlightInput
from app.services.operations.caption_operation import CaptionInput
from app.services.operations.dub_input import DubInput
from app.services.operations.hls_operation import HlsInput
from app.services.operations.picture_operations import ScreenshotsInput
from app.submission.field_problems import describe
from app.submission.file_delivery import s3_config
from app.submission.operations.operation_body import AlignBody, QualityBody
from app.submission.subtitle_body import SubtitleBody

MANY = 20_000


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (SubtitleBody, {"captions": [{}] * MANY}),
        (SubtitleBody, {"captions": [{"start": -1, "end": "x", "text": 5}] * MANY}),
        (SubtitleBody, {"formats": [5] * MANY}),
        (SubtitleBody, {"allowed_languages": [None] * MANY}),
        (SubtitleBody, {"glossary": {str(n): 5 for n in range(200)}}),
        (RenderBody, {"cues": [{}] * MANY, "format": "srt"}),
        (TranslateBody, {"subtitles": [{"text": 5}] * MANY}),
        (SavedTranscription, {"segments": [5] * MANY}),
        (BatchDownload, {"urls": [5] * MANY}),
        (CaptionInput, {"force_style": {str(n): [] for n in range(MANY)}}),
        (DubInput, {"voices": {str(n): 5 for n in range(MANY)}}),
        (CaptionHighlightInput, {"words": [5] * MANY}),
        (HlsInput, {"tracks": [{}] * MANY}),
        (ScreenshotsInput, {"timestamps": 5}),
        (QualityBody, {"shot_changes_ms": ["x"] * MANY, "formats": [5] * MANY}),
        (AlignBody, {"captions": [{}] * MANY}),
    ],
)
def test_wrong_items_make_few_errors_and_a_short_message(
    model: type[BaseModel], body: object
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    assert caught.value.error_count() <= 200
    assert len(describe(caught.value.errors())) < 5000


def test_long_names_of_fields_and_values_are_cut_in_messages() -> None:
    with pytest.raises(ValidationError) as caught:
        SubtitleBody.model_validate({"glossary": {"k" * 10**6: 5}})
    assert len(describe(caught.value.errors())) < 1000
    assert len(InvalidFormatError("f" * 10**6, ("srt",)).message) < 200
    assert len(InvalidProfileError("p" * 10**6, ("tv",)).message) < 200


def test_a_format_is_written_once_however_often_it_is_requested() -> None:
    assert SubtitleBody.model_validate({"formats": ["ass", "srt", "ass"] * 99}).formats == [
        "ass",
        "srt",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"glossary": {str(n): "x" for n in range(201)}},
        {"glossary": "a = b\n" * 10**6},
        {"glossary": '{"a": ' * 20_000},
        {"glossary": json.dumps({str(n): "x" for n in range(201)})},
        {"formats": "ass," * 10**6},
        {"allowed_languages": "en," * 10**6},
    ],
)
def test_lists_and_glossaries_have_bounds(body: object) -> None:
    with pytest.raises((InvalidFieldError, ValidationError)):
        SubtitleBody.model_validate(body)


@pytest.mark.parametrize("text", ["{bad", "[" * 5000, "{" + '"a":1,' * 5, "\ud800"])
def test_a_store_that_is_no_json_is_a_wrong_field(text: str) -> None:
    with pytest.raises(InvalidFieldError):
        s3_config(text)
