"""What an error says names the right field and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import BadRequestError, PayloadTooLargeError
from app.settings import Settings, SettingsError, read_settings
from app.submission.subtitle_body import SubtitleBody

VIDEO = {"video_id": "dQw4w9WgXcQ"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({**VIDEO, "target_lang": "spanish"}, "Invalid target language 'spanish': write its code"),
        ({**VIDEO, "source_lang": "klingon"}, "Invalid source language 'klingon': write its code"),
        (
            {"captions": "x", "captions_lang": "elvish"},
            "Invalid language of the captions 'elvish': write its code",
        ),
        ({"url": "ftp://example.com/a"}, "url: Only http and https URLs can be fetched"),
        ({**VIDEO, "stream_url": "http://["}, "stream_url: Invalid URL"),
        ({**VIDEO, "video_url": "http://u:p@h/"}, "video_url: A URL with a user name"),
        ({**VIDEO, "formats": "srt," * 400}, "formats: at most 1000 characters"),
        ({**VIDEO, "allowed_languages": "en," * 400}, "allowed_languages: at most 1000 characters"),
        (
            {**VIDEO, "glossary": "river = río\n\nbridge: puente"},
            "glossary: line 3 is not of the form term = translation",
        ),
        ({**VIDEO, "audio_track": "x y"}, "audio_track: an index from 0, or a language"),
        ({}, "video_id is required, or a file, url, upload_id or captions"),
    ],
)
def test_an_error_names_its_field(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        SubtitleBody.model_validate(fields).job_request(None)
    assert caught.value.message.startswith(text)


def test_too_much_says_of_what_and_how_much_is_allowed() -> None:
    assert PayloadTooLargeError(10).message == "Request too large: 10 MiB at most"
    assert PayloadTooLargeError(10, "Download").message == "Download too large: 10 MiB at most"


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("PORT", "abc", "PORT: Input should be a valid integer"),
        ("TRANSLATION_PROVIDER", "gpt", "TRANSLATION_PROVIDER: Input should be 'embedded'"),
        ("LLM_PROVIDER", "gpt", "PROVIDER: Input should be 'embedded'"),
        ("TTS_ENGINE", "robot", "TTS_ENGINE: Input should be 'embedded'"),
        ("WHISPER_BEAM_SIZE", "0", "WHISPER_BEAM_SIZE: Input should be greater than"),
        ("RATE_LIMIT_PROCESS", "often", "RATE_LIMIT_PROCESS: "),
        ("YTDLP_PROXY", "user:secret", "YTDLP_PROXY: Value error, a proxy is written http://"),
    ],
)
def test_a_wrong_setting_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert text in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "validation error" not in str(caught.value)


def test_all_wrong_settings_are_named_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=abc\nTTS_ENGINE=robot\nGPUS=0\n")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    named = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert named == ["PORT", "GPUS", "TTS_ENGINE"]


def test_right_settings_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings() == Settings()
