"""The API's description: valid, complete, and good enough to make clients and requests from."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.chat_server import ChatServer
from tests.clients.conftest import youtube_settings
from tests.conftest import Speech, StartServer
from tests.media_server import MediaServer
from tests.server import ROOT, ServerProcess

__all__ = ["youtube_settings"]

KEY = "alpha"
DOCUMENT = "5f0e1f0e-3a6f-4f5e-9b0a-6f9d2f9f8a11"
CUES = b"1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
TOKEN = "beta"
VIDEO = "dQw4w9WgXcQ"
CLIENT_CONFIG = {
    "package_name_override": "cuestream_client",
    "post_hooks": [],
    "content_type_overrides": {
        "application/offset+octet-stream": "application/octet-stream",
        "audio/mpeg": "application/octet-stream",
    },
}
"""As docs/api.md has it: the generator knows bytes under one media type alone."""


@pytest.fixture(scope="module")
def server(
    start_server: StartServer, youtube_settings: dict[str, str], published: None
) -> Iterator[ServerProcess]:
    with ChatServer() as model:
        settings = {
            "API_KEYS": KEY,
            "PY_API_TOKEN": TOKEN,
            "TRANSLATION_PROVIDER": "openai",
            "SERVER_API_KEY": "sk-test",
            "SERVER_API_URL": model.url,
            "SERVER_MODEL": "test-model",
        }
        yield start_server(**youtube_settings, **settings)


@pytest.fixture(scope="module")
def published(site: MediaServer, speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The video of the examples, on the stand-in for its site."""
    folder = tmp_path_factory.mktemp("video")
    (folder / f"{VIDEO}.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.500\nThe river rose.\n")
    page = {"subtitles": {"en": [{"ext": "vtt", "url": f"{VIDEO}.vtt"}]}}
    (folder / f"{VIDEO}.json").write_text(json.dumps(page))
    shutil.copy(speech.wav("Where do you want to go today?"), folder / f"{VIDEO}.wav")
    for file in folder.iterdir():
        site.add(file)


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client(headers={"X-API-Key": KEY}) as found:
        yield found


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


WITHOUT_CAUSE = {
    "createDiarization": 400,
    "asr": 415,
    "detectLanguage": 415,
    "plexEvent": 400,
    "jellyfinEvent": 400,
    "embyEvent": 400,
    "tautulliEvent": 400,
    "subtitleFolder": 400,
    **dict.fromkeys(("retryJob", "retryEndpointJob"), 400),
    **dict.fromkeys(("sendWebhookAgain", "deleteWebhook"), 404),
    **dict.fromkeys(("getStoredFile", "checkStoredFile", "getOutputFile"), 403),
    **dict.fromkeys(("captionVideo", "addAudioToVideo", "videosOfPictures"), 500),
    **dict.fromkeys(("saveTranscription", "checkTranscription"), 503),
    **dict.fromkeys(("transcribeDocuments",), 503),
    **dict.fromkeys(("retimeSubtitles", "alignText", "stopVideoJob"), 400),
    **dict.fromkeys(("listen", "createTranscript"), 400),
    **dict.fromkeys(("getTranscript", "deleteTranscript", "getTranscriptFile"), 404),
    **dict.fromkeys(("getTranscriptSentences", "getTranscriptParagraphs"), 404),
    **dict.fromkeys(("getPeaks", "getJobMedia"), 404),
    **dict.fromkeys(("getJobRecording", "checkJobMedia"), 403),
}
"""Answers of routes for what has failed or was stored before, where nothing has or was, of those
for a database's documents, where there is none, and of those for media at an address that the
tests do not reach, such as videos, or for engines that the server lacks."""

TICKETS = ("/status-sync/", "/stream/", "/retry/", "/job/")
"""In paths of routes for jobs that came by the queue's own door."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_it_is_a_valid_document(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"\$ref": "([^"]+)"', text)) <= schemas
    known = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= known for _, _, operation in operations(document))


def test_every_operation_has_a_name_words_and_its_errors(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names), names
    for method, path, operation in operations(document):
        assert re.fullmatch(r"[A-Z][^/_]+", operation["summary"]), path
        assert operation.get("description"), path
        statuses = set(operation["responses"])
        takes = "requestBody" in operation or operation.get("parameters")
        assert not takes or "400" in statuses or path.startswith("/v2"), path
        for status, response in operation["responses"].items():
            if int(status) >= 400 and status != "416" and path not in {"/ping", "/health"}:
                if path in {"/asr", "/detect-language"}:
                    content = response["content"]["text/plain"]
                    assert content["schema"] == {"type": "string"}
                    assert content["examples"], (method, path, status)
                    continue
                content = response["content"]["application/json"]
                assert content["schema"]["$ref"].endswith("Error"), (method, path, status)
                assert content["examples"], (method, path, status)


def test_keys_are_declared_where_they_are_wanted(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["ApiKey"]["name"], schemes["Bearer"]["scheme"]) == ("X-API-Key", "bearer")
    for method, path, operation in operations(document):
        wanted: list[dict[str, Any]] = [{"ApiKey": []}, {"Bearer": []}]
        if (
            path in {"/ping", "/health", "/status", "/v1/audio/models", "/v1/audio/voices"}
            or method == "options"
            or path.startswith(("/files", "/output"))
            or path == "/api/jobs/{job_id}/media/content"  # by a signed link
        ):
            wanted = []
        elif path.startswith("/api/tts"):
            wanted.insert(0, {})
        elif path in {"/jobs/video-audio-transcription", "/jobs/status"}:
            wanted = [{"JobToken": []}]
        assert operation["security"] == wanted, path


def test_answers_have_their_true_types(document: dict[str, Any]) -> None:
    paths = document["paths"]
    stream = paths["/api/stream"]["post"]["responses"]["200"]["content"]
    assert list(stream) == ["text/event-stream"]
    both = paths["/api/process"]["post"]["responses"]["200"]["content"]
    assert {"application/json", "text/event-stream", "application/x-subrip", "text/vtt"} <= set(
        both
    )
    rendered = paths["/api/render"]["post"]["responses"]["200"]["content"]
    assert {"application/json", "application/x-subrip", "text/vtt"} <= set(rendered)
    assert list(paths["/api/tts/speak"]["post"]["responses"]["200"]["content"]) == ["audio/mpeg"]
    assert list(paths["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]


def test_every_example_works_as_it_stands(client: httpx.Client, document: dict[str, Any]) -> None:
    made = client.post("/api/uploads", headers={"Upload-Length": str(len(CUES))})
    ids = {
        "upload_id": made.headers["location"].rpartition("/")[2],
        "endpoint": "any",
        "document_id": DOCUMENT,
    }
    ids["job_id"] = client.post(
        "/api/process", json=body_of(document["paths"]["/api/process"]["post"])[1]
    ).json()["job_id"]
    run = client.post("/run", json=body_of(document["paths"]["/run"]["post"])[1])
    ticket = {**ids, "job_id": run.json()["id"]}
    order = sorted(
        operations(document), key=lambda each: (each[0] == "delete", "cancel" in each[1])
    )
    for method, path, operation in order:
        of_queue = path.startswith("/jobs/") or any(part in path for part in TICKETS)
        known = ticket if of_queue else ids
        answer = ask(client, method, path, operation, known)
        wanted = WITHOUT_CAUSE.get(operation["operationId"])
        good = answer.status_code < 300 if wanted is None else answer.status_code == wanted
        assert good, (method, path, answer.status_code, answer.text[:500])
        assert str(answer.status_code) in operation["responses"]
        if answer.content:
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in operation["responses"][str(answer.status_code)]["content"], path


def ask(
    client: httpx.Client, method: str, path: str, operation: dict[str, Any], ids: dict[str, str]
) -> httpx.Response:
    """Send the request that the examples of an operation make."""
    query: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {TOKEN}"} if path.startswith("/jobs/") else {}
    for parameter in operation.get("parameters", []):
        examples = parameter.get("examples", {})
        value = parameter.get("example", next(iter(examples.values()), {}).get("value"))
        if parameter["in"] == "path":
            path = path.replace(
                f"{{{parameter['name']}}}", ids.get(parameter["name"], value or "x")
            )
        elif value is not None:
            (query if parameter["in"] == "query" else headers)[parameter["name"]] = value
    assert "{" not in path
    kind, body = body_of(operation)
    if kind == "application/json":
        return client.request(method, path, params=query, headers=headers, json=body)
    if kind == "multipart/form-data":
        sound = sorted(ROOT.glob("fixtures/talk/*.mp4"))[0]
        fields = {name: value for name, value in body.items() if name != "file"}
        return client.request(method, path, files={"file": sound.read_bytes()}, data=fields)
    if kind:
        headers["Content-Type"] = kind
    return client.request(method, path, params=query, headers=headers, content=body)


def body_of(operation: dict[str, Any]) -> tuple[str, Any]:
    """Return the first example of a body, with its type; an operation with a body has one."""
    content = operation.get("requestBody", {}).get("content", {})
    for kind, media in content.items():
        examples = media.get("examples", {})
        return kind, media.get("example", next(iter(examples.values()), {}).get("value"))
    return "", None


def test_the_example_of_a_form_works(client: httpx.Client, document: dict[str, Any]) -> None:
    form = document["paths"]["/api/process"]["post"]["requestBody"]["content"]
    example = dict(form["multipart/form-data"]["example"])
    name = example.pop("file")
    answer = client.post("/api/process", files={"file": (name, CUES)}, data=example)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()["formats"]) == example["formats"].split(",")


def test_a_client_is_made_from_it_and_asks_the_server(
    server: ServerProcess, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "openapi.json"
    source.write_text(json.dumps(document))
    config = tmp_path / "config.yml"
    config.write_text(json.dumps(CLIENT_CONFIG))  # JSON is YAML
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(source), "--config", str(config)]
    command += ["--output-path", str(tmp_path / "cuestream_client")]
    made = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr

    monkeypatch.syspath_prepend(str(tmp_path))
    package = importlib.import_module("cuestream_client")
    render = importlib.import_module("cuestream_client.api.jobs.get_job")
    version = importlib.import_module("cuestream_client.api.health.get_version")
    with package.AuthenticatedClient(
        server.url, KEY, prefix="", auth_header_name="X-API-Key"
    ) as own:
        assert version.sync(client=own).yt_dlp
        missing = render.sync(client=own, job_id="x")
    assert missing.code == "job_not_found"
