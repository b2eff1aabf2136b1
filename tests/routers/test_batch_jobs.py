"""Batches through the server: a real process, PostgreSQL with pgmq, yt-dlp, ffmpeg, Whisper."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.packaging.documented import run_blocks
from tests.postgres import PostgresServer
from tests.server import DEAF, ServerProcess
from tests.supabase import (
    SERVICE_KEY,
    RestFront,
    SupabaseDatabase,
    make_template,
    supabase_database,
)

PLUGINS = Path(__file__).parents[1] / "clients" / "site_plugins"
TOKEN = "token-of-the-edge-function"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATH = "/jobs/video-audio-transcription"

VTT = (
    "WEBVTT\n\n00:01.000 --> 00:03.000\nThe water came up &amp; went.\n\n"
    "00:04.000 --> 00:05.500\nFast.\n"
)
SRT = (
    "1\r\n00:00:01,000 --> 00:00:03,000\r\nTom &lt;3 Ann\r\n\r\n"
    "2\r\n00:00:04.000 --> 00:00:05.500\r\nBye.\r\n"
)


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[SupabaseDatabase]:
    with supabase_database(postgres, make_template(postgres)) as made:
        yield made


@pytest.fixture(autouse=True)
def _no_documents(database: SupabaseDatabase) -> None:
    """Begin each test without documents and messages."""
    database.clear()


@pytest.fixture(scope="module")
def front(database: SupabaseDatabase) -> Iterator[RestFront]:
    running = RestFront(database.url)
    yield running
    running.close()


@pytest.fixture(scope="module")
def worker(start_server: StartServer, site: MediaServer, front: RestFront) -> ServerProcess:
    """A server that reaches the documents through the REST interface."""
    return start_server(
        ALLOW_PRIVATE_URLS="true",
        PYTHONPATH=str(PLUGINS),
        STANDIN_SITE=site.url,
        SUPABASE_URL=front.url,
        SUPABASE_SERVICE_KEY=SERVICE_KEY,
        PY_API_TOKEN=TOKEN,
        API_KEYS="key-of-a-client",
        LOG_LEVEL="DEBUG",
        WORKER_MAX_RETRIES="7",
    )


def publish(site: MediaServer, folder: Path, video_id: str, **page: Any) -> str:
    """Put a video with captions on the stand-in of YouTube; return its address."""
    for name, text in (("captions.vtt", VTT), ("captions.srt", SRT)):
        (folder / name).write_text(text, newline="")
        site.add(folder / name)
    (folder / f"{video_id}.json").write_text(json.dumps(page))
    site.add(folder / f"{video_id}.json")
    return f"https://www.youtube.com/watch?v={video_id}"


def post(server: ServerProcess, jobs: list[Any], **options: Any) -> httpx.Response:
    with server.client() as client:
        body = {"queue": "video_audio_transcription", "vt_seconds": 1800, "jobs": jobs}
        return client.post(PATH, json=body, headers=BEARER, **options)


def until(condition: Callable[[], bool], limit_s: float = 120) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def test_a20_the_token_and_the_key_are_required(worker: ServerProcess) -> None:
    texts = {
        None: "Authorization header required",
        "Basic abc": "Invalid Authorization header format. Expected: Bearer <token>",
        "Bearer": "Invalid Authorization header format. Expected: Bearer <token>",
        "Bearer wrong": "Invalid job worker token",
        "Bearer key-of-a-client": "Invalid job worker token",
    }
    with worker.client() as client:
        for header, text in texts.items():
            headers = {"Authorization": header} if header else {}
            for answer in (
                client.post(PATH, json={"jobs": []}, headers=headers),
                client.get("/jobs/status", headers=headers),
            ):
                assert answer.status_code == 401
                assert answer.json()["detail"] == text
                assert answer.json()["code"] == "unauthorized"
        answer = client.post("/api/process", json={"jobs": []}, headers={"X-API-Key": "wrong"})
        assert answer.status_code == 401


def test_the_status_says_how_batches_are_worked_on(worker: ServerProcess) -> None:
    with worker.client() as client:
        answer = client.get("/jobs/status", headers=BEARER).json()
    assert answer == {
        "status": "ready",
        "config": {
            "max_retries": 7,
            "model_size": "tiny.en",
            "provider": "local",
            "max_concurrent_transcriptions": 2,
        },
    }


def test_an_empty_batch_is_done_at_once(worker: ServerProcess) -> None:
    assert post(worker, []).json() == {
        "ok": True,
        "summary": {"total": 0, "completed": 0, "retry": 0, "archived": 0, "deleted": 0},
        "results": [],
    }


def test_a7_and_a19_captions_of_the_site_in_each_form_then_speech(
    worker: ServerProcess,
    database: SupabaseDatabase,
    site: MediaServer,
    tmp_path: Path,
    dialogue: Path,
) -> None:
    manual = publish(
        site, tmp_path, "capt-batch1", subtitles={"en": [{"ext": "vtt", "url": "captions.vtt"}]}
    )
    automatic = publish(
        site,
        tmp_path,
        "capt-batch2",
        automatic_captions={"en-orig": [{"ext": "srt", "url": "captions.srt"}]},
    )
    documents = [
        database.document(canonical_url=manual, lang="en"),
        database.document(canonical_url=automatic),
        database.document(canonical_url=site.add(dialogue), media_format="audio", lang="en"),
    ]
    messages = database.read()
    answer = post(worker, messages).json()
    assert answer["ok"] is True
    assert answer["summary"]["completed"] == 3, answer
    assert [each["document_id"] for each in answer["results"]] == documents
    assert [each["source"] for each in answer["results"]] == ["subtitle", "subtitle", "ai"]
    assert answer["results"][0]["error"] is None
    first, second, spoken = (database.transcription(each) for each in documents)
    assert first is not None
    assert [s["text"] for s in first["segments"]] == ["The water came up & went.", "Fast."]
    assert [(s["segment_id"], s["start"], s["end"]) for s in first["segments"]] == [
        (1, 1.0, 3.0),
        (2, 4.0, 5.5),
    ]
    assert first["metadata"]["source_format"] == "vtt"
    assert second is not None
    assert [s["text"] for s in second["segments"]] == ["Tom <3 Ann", "Bye."]
    assert second["metadata"]["is_auto_generated"] is True
    assert spoken is not None
    assert "river" in spoken["full_text"]
    assert all(word["end"] > word["start"] for s in spoken["segments"] for word in s["words"])
    assert spoken["metadata"]["model"] == "WhisperX-tiny.en"
    assert database.waiting() == []
    assert SERVICE_KEY not in worker.log
    assert TOKEN not in worker.log


def test_a_batch_goes_on_when_its_caller_has_left(
    worker: ServerProcess, database: SupabaseDatabase, site: MediaServer, dialogue: Path
) -> None:
    url = site.add(dialogue)
    document = database.document(canonical_url=f"{url}?left", media_format="audio")
    messages = database.read()
    with pytest.raises(httpx.TimeoutException):
        post(worker, messages, timeout=0.05)
    until(lambda: database.row(document)["processing_status"] == "completed")
    until(lambda: database.waiting() == [])


def test_what_is_not_on_the_site_fails_alone_and_its_message_stays(
    worker: ServerProcess, database: SupabaseDatabase, site: MediaServer
) -> None:
    database.document(canonical_url=f"{site.url}/status/404")
    (message,) = database.read()
    (result,) = post(worker, [message]).json()["results"]
    assert result["status"] == "retry"
    assert result["error"].startswith("[Step: extracting audio from http://127.0.0.1")
    assert database.waiting() == [message["msg_id"]]


@pytest.mark.parametrize("door", ["/api/process", "/v2/any/run"])
def test_the_doors_of_the_job_api_take_batches_too(
    worker: ServerProcess, database: SupabaseDatabase, site: MediaServer, tmp_path: Path, door: str
) -> None:
    url = publish(
        site, tmp_path, "capt-batch1", subtitles={"en": [{"ext": "vtt", "url": "captions.vtt"}]}
    )
    document = database.document(canonical_url=url, lang="en")
    envelope = {"queue": "video_audio_transcription", "jobs": database.read()}
    with worker.client(headers={"Authorization": "Bearer key-of-a-client"}) as client:
        if door == "/api/process":
            output = client.post(door, json=envelope).json()
        else:
            job = client.post(door, json={"input": envelope}).json()["id"]
            until(lambda: client.get(f"/v2/any/status/{job}").json()["status"] == "COMPLETED")
            output = client.get(f"/v2/any/status/{job}").json()["output"]
    assert output["ok"] is True
    assert output["results"][0]["document_id"] == document
    assert output["results"][0]["status"] == "completed"


def test_the_commands_of_the_guide_run_as_they_stand(
    worker: ServerProcess, database: SupabaseDatabase, site: MediaServer, tmp_path: Path
) -> None:
    [by_hand] = run_blocks("docs/supabase.md", __file__)
    url = publish(
        site, tmp_path, "capt-batch1", subtitles={"en": [{"ext": "vtt", "url": "captions.vtt"}]}
    )
    document = database.document(canonical_url=url, lang="en")
    script = re.sub(r"^URL=.*$", f"URL={worker.url}", by_hand.text, flags=re.M)
    script = script.replace("DOCUMENT_ID", document).replace('"msg_id": 1', '"msg_id": null')
    ran = subprocess.run(
        ["bash", "-ec", script],
        env={"PATH": os.environ["PATH"], "PY_API_TOKEN": TOKEN, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"max_retries":7' in ran.stdout
    assert '"completed":1' in ran.stdout, ran.stdout


def test_another_queue_is_not_for_this_route(worker: ServerProcess) -> None:
    with worker.client() as client:
        body = {"queue": "screenshot_extraction", "jobs": [{"msg_id": 1}]}
        answer = client.post(PATH, json=body, headers=BEARER)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")


def test_clients_read_captions_and_store_transcriptions(
    worker: ServerProcess, database: SupabaseDatabase, site: MediaServer, tmp_path: Path
) -> None:
    files = {
        "subtitles": {"en": [{"ext": "vtt", "url": "captions.vtt"}]},
        "automatic_captions": {"de": [{"ext": "srt", "url": "captions.srt"}]},
    }
    url = publish(site, tmp_path, "capt-batch4", title="A talk", duration=6, **files)
    with worker.client() as client:
        refused = client.get("/subtitles", params={"url": url})
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        client.headers["X-API-Key"] = "key-of-a-client"
        text = client.get("/subtitles", params={"url": url}).json()
        assert text["transcript"] == "The water came up & went. Fast."
        assert (text["title"], text["duration"], text["word_count"]) == ("A talk", 6, 7)
        srt = client.get("/subtitles", params={"url": url, "format": "srt"}).json()
        assert srt["content"].startswith("1\n00:00:01,000 --> 00:00:03,000\n")
        unified = client.get("/subtitles", params={"url": url, "format": "json"}).json()
        assert unified["segments"][1]["text"] == "Fast."
        assert (unified["video_id"], unified["source"]) == ("capt-batch4", "subtitle")
        german = {"url": url, "lang": "de", "format": "vtt"}
        assert "Tom" in client.get("/subtitles", params=german).json()["content"]
        people = client.get("/subtitles", params={**german, "auto": "false"}).json()
        assert people["language"] == "en"
        wrong = client.get("/subtitles", params={"url": url, "format": "doc"})
        assert wrong.status_code == 400
        locales = client.get("/transcription/locales", params={"url": url}).json()
        assert [(each["code"], each["type"]) for each in locales["locales"]] == [
            ("en", ["manual"]),
            ("de", ["auto"]),
        ]
        assert locales["summary"]["has_manual"] is True
        document = database.document(media_format="image")
        check = f"/transcriptions/check/{document}"
        assert client.get(check).json()["exists"] is False
        body = {
            "document_id": document,
            "segments": [{"start": 0, "end": 1, "text": "Hi\u0000 there"}],
            "language": "es-419",
            "source": "ai",
        }
        saved = client.post("/transcriptions/save", json=body).json()
        assert saved["document_id"] == document
        assert client.post("/transcriptions/save", json=body).json()["id"] == saved["id"]
        found = client.get(check).json()["transcription"]
        assert (found["id"], found["language"]) == (saved["id"], "es")
        nowhere = {**body, "document_id": "00000000-0000-0000-0000-000000000000"}
        missing = client.post("/transcriptions/save", json=nowhere)
        assert (missing.status_code, missing.json()["detail"]) == (404, "No such document")
        nothing = publish(site, tmp_path, "capt-batch5")
        none = client.get("/subtitles", params={"url": nothing})
        assert none.status_code == 404
        assert none.json()["detail"]["error"] == "No subtitles available"


def test_a17_the_work_of_a_killed_server_is_done_by_the_next_one(
    start_server: StartServer, database: SupabaseDatabase, site: MediaServer, tmp_path: Path
) -> None:
    settings = {
        **DEAF,
        "ALLOW_PRIVATE_URLS": "true",
        "PYTHONPATH": str(PLUGINS),
        "STANDIN_SITE": site.url,
        "DATABASE_URL": database.url,
        "JOB_STORE": "memory",
        "PY_API_TOKEN": TOKEN,
        "WORKER_LEASE_S": "6",
    }
    url = publish(
        site,
        tmp_path,
        "capt-batch3",
        subtitles={"en": [{"ext": "vtt", "url": "stall/captions.vtt"}]},
    )
    document = database.document(canonical_url=url, lang="en")
    messages = database.read(1, vt=1)
    first = start_server(**settings)
    killed = threading.Thread(target=lambda: _ignored(lambda: post(first, messages)))
    killed.start()
    until(lambda: any("stall" in request for request in site.requests))
    until(lambda: database.row(document)["processing_status"] == "processing")
    os.killpg(first.process.pid, signal.SIGKILL)
    killed.join()
    publish(
        site, tmp_path, "capt-batch3", subtitles={"en": [{"ext": "vtt", "url": "captions.vtt"}]}
    )
    second = start_server(**settings)
    results: list[Any] = []

    def completed() -> bool:
        for message in database.read(1, vt=1):
            results.extend(post(second, [message]).json()["results"])
        return bool(results) and results[-1]["status"] == "completed"

    until(completed)
    assert {each["status"] for each in results[:-1]} <= {"retry"}
    assert database.row(document)["processing_status"] == "completed"
    assert database.waiting() == []
    assert (
        len(
            database.query("select 1 from document_transcriptions where document_id = %s", document)
        )
        == 1
    )


def _ignored(call: Callable[[], object]) -> None:
    try:
        call()
    except httpx.HTTPError:
        return
