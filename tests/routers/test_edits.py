"""Edited cues of a finished job: versions, owners, files, quality, translation, times, peaks."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.chat_server import ChatServer
from tests.conftest import StartServer, read_samples
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

CAPTIONS = """1
00:00:01,000 --> 00:00:03,500
<i>Where do you want to go today?</i>

2
00:00:04,000 --> 00:00:06,000
{\\an8}Up the <b>river</b>.

3
00:00:07,000 --> 00:00:09,000
We measure the height of the water every single morning.
"""
KEYS = {"API_KEYS": "alpha,beta"}


@pytest.fixture(scope="module")
def chat() -> Iterator[ChatServer]:
    with ChatServer() as model:
        yield model


@pytest.fixture(scope="module")
def settings(chat: ChatServer) -> dict[str, str]:
    return {
        **DEAF,
        **KEYS,
        "TRANSLATION_PROVIDER": "openai",
        "SERVER_API_KEY": "sk-test",
        "SERVER_API_URL": chat.url,
        "SERVER_MODEL": "test-model",
        "ALLOW_PRIVATE_URLS": "true",
    }


@pytest.fixture(scope="module")
def server(start_server: StartServer, settings: dict[str, str]) -> ServerProcess:
    return start_server(**settings)


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client(headers={"X-API-Key": "alpha"}) as found:
        yield found


def made(client: httpx.Client, **fields: Any) -> str:
    """Make a job of captions; return the path of its edits."""
    body = {"captions": CAPTIONS, "captions_lang": "en", "force_refresh": True, **fields}
    answer = client.post("/api/process", json=body)
    assert answer.status_code == 200, answer.text
    return f"/api/jobs/{answer.json()['job_id']}/edits"


def put(client: httpx.Client, path: str, cues: Any, match: str | None = "*") -> httpx.Response:
    headers = {} if match is None else {"If-Match": match}
    return client.put(path, content=json.dumps({"cues": cues}), headers=headers)


def file(client: httpx.Client, path: str, name: str = "talk.srt", **query: str) -> str:
    answer = client.get(f"{path.removesuffix('/edits')}/files/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_edits_begin_as_the_jobs_own_cues_and_go_into_its_files(client: httpx.Client) -> None:
    path = made(client)
    first = client.get(path)
    body = first.json()
    assert (first.headers["etag"], body["version"], body["edited"]) == ('"0"', 0, False)
    assert [cue["origin"] for cue in body["cues"]] == [cue["id"] for cue in body["cues"]]
    cues = body["cues"]
    cues[0] |= {"text": "Where shall we go?", "speaker": "Ann"}
    new = {"id": 77, "start_ms": 6200, "end_ms": 6900, "text": "No.", "origin": None}
    saved = put(client, path, [*cues[:2], new], first.headers["etag"])
    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"'), saved.text
    again = client.get(path).json()
    assert (again["version"], again["edited"]) == (1, True)
    assert [cue["text"] for cue in again["cues"]] == ["Where shall we go?", "Up the river.", "No."]
    edited = file(client, path, edited="true")
    assert "<i>Where shall we go?</i>" in edited, "the style of a whole text stays with it"
    assert "{\\an8}Up the <b>river</b>." in edited, "place and style that nobody touched"
    assert "00:00:06,200 --> 00:00:06,900\nNo." in edited
    assert "measure" not in edited
    assert "measure" in file(client, path), "without the wish the file is the job's own"


def test_a_second_tab_overwrites_nothing_unread(client: httpx.Client) -> None:
    path = made(client)
    cues = client.get(path).json()["cues"]
    assert put(client, path, cues, '"0"').json()["version"] == 1
    stale = put(client, path, cues[:1], '"0"')
    assert (stale.status_code, stale.json()["code"]) == (412, "edits_changed")
    assert stale.json()["version"] == 1
    assert len(client.get(path).json()["cues"]) == len(cues)
    unread = put(client, path, cues, None)
    assert (unread.status_code, unread.json()["code"]) == (428, "if_match_required")
    for tag, status in (('W/"1"', 412), ('"x", "1"', 200), ("1", 400), ('"9"', 412)):
        assert put(client, path, cues, tag).status_code == status, tag
    gone = client.delete(path, headers={"If-Match": '"2"'})
    assert (gone.json()["version"], gone.json()["edited"]) == (3, False)
    late = put(client, path, cues, '"2"')
    assert late.status_code == 412, "a version never comes back"
    assert client.get(path).json()["edited"] is False


def test_another_key_has_edits_of_its_own(server: ServerProcess, client: httpx.Client) -> None:
    path = made(client)
    cues = client.get(path).json()["cues"]
    put(client, path, [cues[0] | {"text": "Alpha's"}], '"0"')
    with server.client(headers={"X-API-Key": "beta"}) as other:
        assert other.get(path).json()["version"] == 0
        assert "Alpha's" not in file(other, path, edited="true")
        put(other, path, [cues[0] | {"text": "Beta's"}], '"0"')
    with server.client() as nobody:
        assert nobody.get(path).status_code == 401
        assert nobody.put(path, json={"cues": []}).status_code == 401
    assert client.get(path).json()["cues"][0]["text"] == "Alpha's"


@pytest.mark.parametrize(
    "cue",
    [
        {"id": 0, "start_ms": 5, "end_ms": 5, "text": "x"},
        {"id": -1, "start_ms": 0, "end_ms": 5, "text": "x"},
        {"id": 2**53, "start_ms": 0, "end_ms": 5, "text": "x"},
        {"id": 0, "start_ms": 0.5, "end_ms": 5, "text": "x"},
        {"id": 0, "start_ms": 0, "end_ms": 10**9 + 1, "text": "x"},
        {"id": 0, "start_ms": 0, "end_ms": 5, "text": "x" * 4001},
        {"id": 0, "start_ms": 0, "end_ms": 5, "text": "x", "speaker": "s" * 201},
        {"id": 0, "start_ms": 0, "end_ms": 5},
    ],
)
def test_a_cue_that_is_none_is_refused(client: httpx.Client, path: str, cue: Any) -> None:
    answer = put(client, path, [cue])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field"), answer.text


@pytest.fixture(scope="module")
def path(server: ServerProcess) -> str:
    """Return the path of the edits of a job that is left as it is."""
    with server.client(headers={"X-API-Key": "alpha"}) as client:
        return made(client)


def test_bounds_of_a_whole_list(client: httpx.Client, path: str) -> None:
    cue = {"id": 0, "start_ms": 0, "end_ms": 5, "text": "x"}
    assert put(client, path, [cue, cue]).json()["code"] == "invalid_field"
    many = [cue | {"id": n} for n in range(20_001)]
    assert put(client, path, many).json()["code"] == "invalid_field"
    large = [cue | {"id": n, "text": "x" * 4000} for n in range(2100)]
    assert put(client, path, large).json()["code"] == "invalid_field"
    assert client.get(path).json()["version"] == 0


def test_edited_cues_are_written_in_every_format(client: httpx.Client, path: str) -> None:
    own = made(client)
    cues = [
        {"id": 5, "start_ms": 2000, "end_ms": 4000, "text": "Over\nthe other \u202e one"},
        {"id": 6, "start_ms": 1000, "end_ms": 3000, "text": "- A\n- B", "speaker": "\u0000 "},
        {"id": 7, "start_ms": 1000, "end_ms": 1001, "text": "   "},
    ]
    assert put(client, own, cues).status_code == 200
    document = client.get("/openapi.json").json()
    kinds = document["paths"]["/api/jobs/{job_id}/files/{name}"]["get"]["responses"]["200"]
    assert len(kinds["content"]) > 10
    for kind in ("srt", "vtt", "ass", "ttml", "ebu-tt", "stl", "scc", "sbv", "json3", "lrc", "tsv"):
        name = f"{own.removesuffix('/edits')}/files/x"
        answer = client.get(name, params={"format": kind, "edited": "true"})
        assert answer.status_code in (200, 400), (kind, answer.text)
        assert answer.status_code == 200 or answer.json()["code"] == "invalid_format"
    empty = put(client, own, [])
    assert empty.status_code == 200
    assert file(client, own, edited="true").strip() == ""


def test_quality_names_the_cues_by_their_ids(client: httpx.Client) -> None:
    path = made(client)
    cues = client.get(path).json()["cues"]
    put(
        client, path, [*cues, {"id": 40, "start_ms": 0, "end_ms": 200, "text": "Far too fast " * 9}]
    )
    report = client.get(f"{path}/quality").json()
    assert report["ids"] == [40, *(cue["id"] for cue in cues)]
    assert report["cues"] == len(cues) + 1
    broken = [rule for rule in report["rules"] if any(f["cue"] == 1 for f in rule["faults"])]
    assert len(broken) >= 2
    assert report["conforming"] < report["cues"]


def test_cues_are_translated_again_by_the_servers_translator(
    client: httpx.Client, chat: ChatServer, path: str
) -> None:
    lines = [{"id": 9, "text": "Where do you\nwant to go?"}, {"id": 3, "text": "Up the river."}]
    answer = client.post(f"{path}/translate", json={"cues": lines, "target_lang": "es"}).json()
    assert [cue["id"] for cue in answer["cues"]] == [9, 3]
    assert all(cue["translation"] for cue in answer["cues"])
    assert answer["usage"]["requests"] >= 1
    without = client.post(f"{path}/translate", json={"cues": lines})
    assert (without.status_code, without.json()["code"]) == (400, "invalid_field")


def test_cues_are_aligned_again_by_the_words_that_were_transcribed(client: httpx.Client) -> None:
    path = made(client)
    texts = ["Up the river.", "We measure the height of the water", "every single morning."]
    lines = [{"id": n, "text": text} for n, text in enumerate(texts)]
    answer = client.post(f"{path}/align", json={"cues": lines, "from_ms": 3600}).json()
    first, second, third = answer["cues"]
    assert first["start_ms"] == 4000
    assert second["start_ms"] == 7000
    assert 8000 < third["start_ms"] < third["end_ms"]
    assert answer["alignment"]["known"] == answer["alignment"]["words"] == 13
    other = [{"id": 0, "text": "Colourless green ideas sleep furiously beside the old mill"}]
    refused = client.post(f"{path}/align", json={"cues": other})
    assert (refused.status_code, refused.json()["code"]) == (422, "media_mismatch")
    nowhere = client.post(f"{path}/align", json={"cues": lines, "from_ms": 10**9})
    assert (nowhere.status_code, nowhere.json()["code"]) == (400, "option_unavailable")
    blank = client.post(f"{path}/align", json={"cues": [{"id": 0, "text": "  "}]})
    assert blank.status_code == 422, blank.text


def test_operations_take_the_edits_of_their_caller(
    server: ServerProcess, client: httpx.Client, tmp_path: Path
) -> None:
    path = made(client)
    cues = client.get(path).json()["cues"]
    cues[1] |= {"text": "Down the river."}
    put(client, path, cues[:2])
    video = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180:d=10:r=5", video)
    job = path.split("/")[3]
    for key, edited, text in (
        ("alpha", True, "Down"),
        ("alpha", False, "Up"),
        ("beta", True, "Up"),
    ):
        fields = {"job_id": job, "edited": str(edited).lower(), "container": "mkv"}
        headers = {"X-API-Key": key}
        with video.open("rb") as film, server.client(headers=headers) as caller:
            answer = caller.post("/api/media/mux", data=fields, files={"video": film})
            assert answer.status_code == 200, answer.text
            muxed = tmp_path / "muxed.mkv"
            muxed.write_bytes(caller.get(answer.json()["video_url"]).content)
        ffmpeg("-i", muxed, "-y", tmp_path / "track.srt")
        track = (tmp_path / "track.srt").read_text()
        assert f"{text} the" in track
        assert track.count("-->") == (2 if text == "Down" else 3)


def ffmpeg(*args: str | Path) -> None:
    subprocess.run(["ffmpeg", "-loglevel", "error", *args], check=True)


def test_edits_outlive_the_server_and_hold_their_job(
    start_server: StartServer, settings: dict[str, str], tmp_path: Path
) -> None:
    own = settings | {"JOBS_DIR": str(tmp_path / "jobs"), "JOB_RETENTION_S": "0"}
    server = start_server(**own)
    with server.client(headers={"X-API-Key": "alpha"}) as client:
        path = made(client)
        other = made(client, profile="netflix")
        cues = client.get(path).json()["cues"]
        assert put(client, path, [cues[0] | {"text": "Kept"}], '"0"').status_code == 200
    server.stop()
    server = start_server(**own)
    with server.client(headers={"X-API-Key": "alpha"}) as client:
        made(client, profile="bbc")  # what has ended is looked at now
        assert client.get(other).status_code == 404
        assert "Kept" in file(client, path, edited="true")
        assert client.get(path).headers["etag"] == '"1"'


def test_peaks_come_from_stored_sound_and_of_finished_uploads(
    server: ServerProcess,
    client: httpx.Client,
    path: str,
    start_server: StartServer,
    site: MediaServer,
    dialogue: Path,
) -> None:
    refused = client.get(path.replace("/edits", "/peaks"))
    assert (refused.status_code, refused.json()["code"]) == (404, "audio_not_stored")
    hearing = start_server(ALLOW_PRIVATE_URLS="true")
    with hearing.client() as own:
        job = own.post("/api/process", json={"url": site.add(dialogue)}).json()["job_id"]
        answer = own.get(f"/api/jobs/{job}/peaks", params={"bin_ms": 50})
        assert answer.headers["cache-control"] == "private, max-age=3600"
        found = answer.json()
        with dialogue.open("rb") as file:
            sent = own.post("/api/process", files={"file": file}, data={"force_refresh": "true"})
        finished = f"/api/jobs/{sent.json()['job_id']}/peaks"
        fine = own.get(finished, params={"bin_ms": 20}).json()
        coarse = own.get(finished, params={"bin_ms": 60}).json()
        other = own.get(finished, params={"bin_ms": 30})
    assert (other.status_code, other.json()["code"]) == (404, "audio_not_stored")
    samples = read_samples(dialogue)
    for told, bin_ms in ((found, 50), (fine, 20), (coarse, 60)):
        _check_peaks(told, bin_ms, samples)


def _check_peaks(told: dict[str, Any], bin_ms: int, samples: NDArray[np.float32]) -> None:
    """Compare peaks with the samples that they are of."""
    values = np.frombuffer(base64.b64decode(told["peaks_base64"]), np.uint8)
    size = bin_ms * 16
    assert (told["bin_ms"], told["length_ms"]) == (bin_ms, len(samples) // 16)
    assert len(values) == -(-len(samples) // size)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    wanted = np.rint(np.abs(whole).max(axis=1) * 255)
    assert np.abs(values[: len(wanted)] - wanted).max() <= 2
