"""Speech in other languages in English over HTTP: Whisper's own translation, of human speech."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.voice_prompts import PlacedPrompt, joined, voice_prompts
from tests.api_requests import post_file, stream_file
from tests.conftest import StartServer, write_wav
from tests.server import ServerProcess

pytestmark = pytest.mark.gpu

FRENCH = ("conf-lockednow", "dir-instr", "vm-enter-num-to-call")
ENGLISH_WORDS = ("conference", "person|anyone", "number")
"""One of each prompt, in order; which one is written differs with the processor's quantised
products."""

CAPTIONS = "1\n00:00:01,000 --> 00:00:02,000\nBonjour\n"

Cue = dict[str, Any]


def record(folder: Path, language: str, names: tuple[str, ...]) -> tuple[Path, list[PlacedPrompt]]:
    by_name = {prompt.name: prompt for prompt in voice_prompts(language)}
    samples, placed = joined([by_name[name] for name in names], pause_ms=600)
    path = folder / f"{language}.wav"
    write_wav(path, samples)
    return path, placed


@pytest.fixture(scope="module")
def whisper(start_server: StartServer) -> ServerProcess:
    return start_server(
        ASR_ENGINE="whisperx",
        WHISPER_MODEL="base",
        ASR_DEVICE="cpu",
        ALIGNMENT_ENABLED="false",
        TRANSLATION_PROVIDER="embedded",
    )


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[PlacedPrompt]]:
    return record(tmp_path_factory.mktemp("french"), "fr", FRENCH)


def said_during(cues: list[Cue], prompt: PlacedPrompt, field: str) -> str:
    """Return the texts of the cues that begin while a prompt is heard, give or take 400 ms."""
    near = [c for c in cues if prompt.start_ms - 400 <= c["start"] < prompt.end_ms]
    return " ".join(cue[field] for cue in near).lower()


def notices(result: dict[str, Any]) -> set[str]:
    return {notice["code"] for notice in result.get("notices", ())}


def test_speech_is_translated_on_request(
    whisper: ServerProcess, french: tuple[Path, list[PlacedPrompt]]
) -> None:
    path, placed = french
    result = post_file(whisper, path, task="translate", formats="vtt").json()
    for prompt, word in zip(placed, ENGLISH_WORDS, strict=True):
        assert re.search(word, said_during(result["subtitles"], prompt, "text"))
    assert {cue["language"] for cue in result["subtitles"]} == {"en"}
    assert (result["task"], result["language"], result["spoken_language"]) == (
        "translate",
        "en",
        "fr",
    )
    assert [name.split()[0] for name in result["translators"]] == ["whisperx"]
    assert "speech_translated" in notices(result)
    assert "conference" in result["formats"]["vtt"]


def test_the_same_recording_without_the_task_is_transcribed(
    whisper: ServerProcess, french: tuple[Path, list[PlacedPrompt]]
) -> None:
    result = post_file(whisper, french[0], task="transcribe").json()
    assert result["language"] == "fr"
    assert "la personne" in " ".join(cue["text"] for cue in result["subtitles"])
    assert not {"task", "spoken_language", "translators"} & set(result)


def test_whisper_translates_what_apertium_cannot(
    whisper: ServerProcess, french: tuple[Path, list[PlacedPrompt]]
) -> None:
    path, placed = french
    frames = stream_file(whisper, path, target_lang="en", source_lang="fr")
    result = frames.result
    assert result is not None
    cues = result["subtitles"]
    assert cues == frames.cues
    for prompt, word in zip(placed, ENGLISH_WORDS, strict=True):
        assert re.search(word, said_during(cues, prompt, "translatedText"))
    assert "la personne" in said_during(cues, placed[1], "text")
    assert {cue["language"] for cue in cues} == {"fr"}
    assert (result["translated"], result["language"], result["target_lang"]) == (True, "fr", "en")
    assert [name.split()[0] for name in result["translators"]] == ["whisperx"]
    assert "translated_by_transcriber" in notices(result)


def test_the_translation_of_speech_is_cached(
    whisper: ServerProcess, french: tuple[Path, list[PlacedPrompt]]
) -> None:
    fields = {"target_lang": "en", "source_lang": "fr"}
    first = post_file(whisper, french[0], **fields).json()
    again = post_file(whisper, french[0], **fields, profile="shorts").json()
    assert again["cached"]["transcribe"] == 1.0
    assert "translate" not in again["stage_ms"]
    words = [" ".join(cue["translatedText"] for cue in r["subtitles"]) for r in (first, again)]
    assert words[0].split() == words[1].split()
    # How fast cues are is a matter of the profile, so it is measured anew.
    kept = [
        [each for each in r["notices"] if each["code"] != "cues_too_fast"] for r in (first, again)
    ]
    assert kept[0] == kept[1]


def test_apertium_still_translates_its_own_pair(whisper: ServerProcess, tmp_path: Path) -> None:
    path, _ = record(tmp_path, "es", ("vm-enter-num-to-call",))
    result = post_file(whisper, path, target_lang="en", source_lang="es").json()
    assert "number" in result["subtitles"][0]["translatedText"].lower()
    assert result["translators"] == ["apertium (apertium-eng-spa)"]
    assert "translated_by_transcriber" not in notices(result)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "https://files.example/talk.mp4", "task": "summarize"}, "invalid_field"),
        ({"captions": CAPTIONS, "task": "translate"}, "option_unavailable"),
        ({"captions": CAPTIONS, "target_lang": "en"}, "invalid_language"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    whisper: ServerProcess, fields: dict[str, str], code: str
) -> None:
    with whisper.client() as client:
        answer = client.post("/api/process", json={**fields, "source_lang": "fr"})
    assert answer.status_code == 400
    assert answer.json()["code"] == code
