"""Transcripts of AssemblyAI's own Python SDK; a real Whisper hears a person read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import assemblyai
import pysubs2
import pytest
from assemblyai import TranscriptionConfig, TranscriptStatus

from tests.librivox import recordings
from tests.media_server import MediaServer
from tests.routers.test_parakeet_contract import TALK
from tests.server import ServerProcess
from tests.webhook_receiver import Receiver
from tests.wording import word_errors

KEY = "an-assemblyai-key"
SAID, SPOKEN = min(recordings(), key=lambda recording: recording[1].stat().st_size)
TEXT = "Hello number 0. Hello number 3. Hello number 5."


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    """Two servers of one store of jobs, with keys, that tell loud from quiet speakers."""
    folder = tmp_path_factory.mktemp("assemblyai")
    settings = {"API_KEYS": f"{KEY},other", "DIARIZATION_ENABLED": "true"}
    settings |= {"ALLOW_PRIVATE_URLS": "true", "JOB_STORE": "sqlite"}
    settings |= {"JOBS_DIR": str(folder / "jobs"), "WORK_DIR": str(folder)}
    started = []
    for name in ("one", "other"):
        own = folder / name
        own.mkdir()
        started.append(ServerProcess(own, settings, "tests.audio_engines:application()"))
    for server in started:
        server.wait_ready()
    yield started
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def worker(workers: list[ServerProcess]) -> ServerProcess:
    return workers[0]


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    path.write_bytes(TALK)
    return path


def transcriber(server: ServerProcess, key: str = KEY) -> assemblyai.Transcriber:
    settings = assemblyai.Settings(api_key=key, base_url=server.url, polling_interval=0.1)
    return assemblyai.Transcriber(client=assemblyai.Client(settings=settings))


def transcribed(
    server: ServerProcess, source: Path | str, key: str = KEY, **options: Any
) -> assemblyai.Transcript:
    return transcriber(server, key).transcribe(str(source), TranscriptionConfig(**options))


def test_a_file_of_the_python_sdk(server: ServerProcess) -> None:
    found = transcribed(server, SPOKEN, language_code="en_us", word_boost=["Dashwood"])
    assert found.status == TranscriptStatus.completed, found.error
    assert word_errors(SAID, found.text) <= 0.25
    assert " ".join(word.text for word in found.words) == found.text
    times = [(word.start, word.end) for word in found.words]
    assert times == sorted(times)
    assert times[-1][1] <= found.audio_duration * 1000
    assert 0 < found.confidence <= 1
    assert found.json_response["speech_model_used"]
    assert found.json_response["language_code"] == "en"
    for parts in (found.get_sentences(), found.get_paragraphs()):
        assert " ".join(part.text for part in parts) == found.text
        assert parts[0].start == times[0][0]
        assert [w.text for part in parts for w in part.words] == [w.text for w in found.words]
    for file in (found.export_subtitles_srt(), found.export_subtitles_vtt()):
        cues = pysubs2.SSAFile.from_string(file)
        assert " ".join(cue.plaintext.replace("\n", " ") for cue in cues) == found.text
    short = pysubs2.SSAFile.from_string(found.export_subtitles_vtt(chars_per_caption=20))
    assert len(short) > len(cues)
    assert all(len(cue.plaintext) <= 20 for cue in short)
    assert " ".join(cue.plaintext for cue in short) == found.text


def test_an_address_without_punctuation_and_capitals(
    server: ServerProcess, site: MediaServer
) -> None:
    plain = {"punctuate": False, "format_text": False, "language_detection": True}
    found = transcribed(server, site.add(SPOKEN), **plain)
    assert found.status == TranscriptStatus.completed, found.error
    assert word_errors(SAID, found.text) <= 0.25
    assert found.text == found.text.lower()
    assert not set(found.text) & set('.,?!;"')
    assert 0 < found.json_response["language_confidence"] <= 1


def test_speakers_are_letters(worker: ServerProcess, talk: Path) -> None:
    found = transcribed(worker, talk, speaker_labels=True, speakers_expected=2)
    said = [(each.speaker, each.text) for each in found.utterances]
    assert said == [("A", "Hello number 0."), ("B", "Hello number 3."), ("A", "Hello number 5.")]
    assert {word.speaker for word in found.words} == {"A", "B"}


def test_a_webhook_has_the_header_that_its_receiver_wants(
    worker: ServerProcess, talk: Path
) -> None:
    receiver = Receiver()
    config = TranscriptionConfig().set_webhook(receiver.url, "X-Secret", "hush")
    found = transcriber(worker).transcribe(str(talk), config)
    ends_s = time.monotonic() + 60
    while not receiver.calls:
        assert time.monotonic() < ends_s, "the webhook never came"
        time.sleep(0.02)
    headers, body = receiver.calls[0]
    assert json.loads(body) == {"transcript_id": found.id, "status": "completed"}
    assert headers["x-secret"] == "hush"
    assert found.json_response["webhook_auth"] is True
    assert "hush" not in json.dumps(found.json_response)
    with pytest.raises(assemblyai.TranscriptError, match="webhook_auth_header_name"):
        wrong = TranscriptionConfig().set_webhook(receiver.url, "Content-Length", "1")
        transcriber(worker).submit(str(talk), wrong)


def test_what_is_not_served_is_refused_or_named(worker: ServerProcess, talk: Path) -> None:
    for option in (
        {"redact_pii": True, "redact_pii_policies": ["person_name"]},
        {"auto_chapters": True},
    ):
        with pytest.raises(assemblyai.TranscriptError, match=next(iter(option))) as refused:
            transcribed(worker, talk, **option)
        assert refused.value.status_code == 400
    found = transcribed(worker, talk, disfluencies=True, temperature=0.5)
    assert found.text == TEXT
    told = [each["message"] for each in found.json_response["metadata"]["warnings"]]
    assert [text.split()[0] for text in told] == ["disfluencies", "temperature"]


def test_a_failure_is_a_status_with_a_text(worker: ServerProcess, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    found = transcribed(worker, broken)
    assert found.status == TranscriptStatus.error
    assert found.error
    with pytest.raises(assemblyai.TranscriptError, match="has failed"):
        found.get_sentences()


def test_keys_and_what_is_whose(worker: ServerProcess, talk: Path) -> None:
    with pytest.raises(assemblyai.TranscriptError, match="API key") as refused:
        transcribed(worker, talk, key="wrong")
    assert refused.value.status_code == 401
    found = transcribed(worker, talk)
    with worker.client(headers={"Authorization": "other"}) as other:
        assert other.delete(f"/v2/transcript/{found.id}").status_code == 403
    with worker.client(headers={"Authorization": KEY}) as own:
        answer = own.delete(f"/v2/transcript/{found.id}").json()
        assert (answer["id"], answer["text"]) == (found.id, "Deleted by user.")
        assert own.get(f"/v2/transcript/{found.id}").status_code == 404
        assert own.get(f"/api/jobs/{found.id}").status_code == 404, "nothing of it is left"


def test_a_transcript_is_the_same_in_every_process_until_it_is_removed(
    workers: list[ServerProcess], talk: Path
) -> None:
    found = transcribed(workers[0], talk, word_boost=["river"], disfluencies=True)
    clients = [worker.client(headers={"Authorization": KEY}) for worker in workers]
    with clients[0] as one, clients[1] as other:
        path = f"/v2/transcript/{found.id}"
        assert other.get(path).json() == one.get(path).json()
        assert other.get(path).json()["text"] == found.text == TEXT
        assert other.get(f"{path}/srt").text == found.export_subtitles_srt()
        assert one.delete(path).status_code == 200
        ends_s = time.monotonic() + 30
        while other.get(path).status_code != 404:
            assert time.monotonic() < ends_s, "another process still has it"
            time.sleep(0.02)


def test_an_upload_that_is_gone_and_names_of_endpoints(worker: ServerProcess) -> None:
    with worker.client(headers={"Authorization": KEY}) as client:
        gone = {"audio_url": f"{worker.url}/v2/upload/{'0' * 32}"}
        answer = client.post("/v2/transcript", json=gone)
        assert (answer.status_code, answer.json()["code"]) == (404, "upload_not_found")
        assert client.post("/v2/upload", content=b"").json()["code"] == "media_empty"
        assert client.get("/v2/any-endpoint/health").json()["jobs"], "RunPod's API is still there"
        assert client.get("/v2/transcript/health").json()["code"] == "job_not_found"
