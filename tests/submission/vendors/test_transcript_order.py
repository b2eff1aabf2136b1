"""Orders of transcripts: what a client may send with one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.domain.errors import InvalidFieldError
from app.submission.vendors.transcript_order import TranscriptBody

_ADDRESS = "https://site.example/talk.mp3"


def test_options_without_a_field_are_few_and_small() -> None:
    few = {f"option{n}": n for n in range(1, 101)}
    body = TranscriptBody.model_validate({"audio_url": _ADDRESS, **few})
    assert len(list(body.warnings())) == 100
    nested: list[object] = []
    for _ in range(15):
        nested = [nested, nested]
    large = [{**few, "one": 1}, {"one": "x" * 2**16}, {"one": nested}]
    for others in (*large, {"speaker_options": large[0]}):
        with pytest.raises(InvalidFieldError, match="that are not served"):
            TranscriptBody.model_validate({"audio_url": _ADDRESS, **others})


@pytest.mark.parametrize("terms", ["word_boost", "keyterms_prompt", "language_codes"])
def test_a_term_has_a_length(terms: str) -> None:
    with pytest.raises(ValidationError, match="at most"):
        TranscriptBody.model_validate({"audio_url": _ADDRESS, terms: ["x" * 501]})


@pytest.mark.parametrize(
    "name", ["Webhook-Id", "webhook-signature", "X-Webhook-Signature", "Proxy-Authorization"]
)
def test_a_header_of_a_webhook_cannot_pass_for_one_of_the_servers(name: str) -> None:
    header = {"webhook_auth_header_name": name, "webhook_auth_header_value": "x"}
    with pytest.raises(InvalidFieldError, match="no header that may be set"):
        TranscriptBody.model_validate({"audio_url": _ADDRESS, **header})
