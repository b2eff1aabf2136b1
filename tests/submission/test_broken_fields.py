"""Fields that are broken in ways that no schema tells: an error of the caller's, never a defect."""

import pytest
from pydantic import ValidationError

from app.domain.errors import InvalidCaptionsError, InvalidFieldError
from app.services.captions.written_cues import read_written
from app.submission.file_delivery import s3_config
from app.submission.operations.operation_body import QualityBody


@pytest.mark.parametrize("text", ["minio", "{", "[1", "{'bucket': 'a'}"])
def test_a_store_that_is_no_json_is_a_wrong_field(text: str) -> None:
    with pytest.raises(InvalidFieldError, match="s3Config is no JSON"):
        s3_config(text)


@pytest.mark.parametrize("head", ["WEBVTT\n\n", "[Script Info]\n\n[Events]\n", "1\n"])
def test_a_file_without_captions_cannot_be_read(head: str) -> None:
    with pytest.raises(InvalidCaptionsError):
        read_written(head)


@pytest.mark.parametrize("rate", [1e-310, 0.5, 0, -25, 1001, float("nan")])
def test_a_frame_rate_is_one_of_a_moving_picture(rate: float) -> None:
    with pytest.raises(ValidationError, match="frame_rate"):
        QualityBody(captions="WEBVTT", frame_rate=rate)
