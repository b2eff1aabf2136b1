"""Forms, files and options as people send them with curl, browsers and other libraries."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.clients.openai_calls import TEXT, create, post, sdk
from tests.routers.test_parakeet_contract import TALK
from tests.server import ServerProcess

PATH = "/v1/audio/transcriptions"


def curl(server: ServerProcess, folder: Path, *arguments: str) -> str:
    """Return what curl prints: the status, a space, the body."""
    (folder / "noext").write_bytes(TALK)
    command = ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", *arguments, server.url + PATH]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
    body, _, status = done.stdout.rpartition("\n")
    return f"{status} {body}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-F", "file=@noext"),
        ("-F", "file=<noext"),
        ("-F", "file=@noext;filename="),
        ("-F", "file=@noext;type=text/html"),
        ("-F", "file=@noext", "-H", "Expect: 100-continue"),
        ("-F", "file=@noext", "-H", "Transfer-Encoding: chunked"),
        ("-F", "file=@noext", "--http1.0"),
        ("-F", "file=@noext;filename=../../etc/passwd"),
    ],
)
def test_curl_sends_a_file_in_every_way(
    openai_worker: ServerProcess, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    answer = curl(openai_worker, tmp_path, *arguments, "-F", "response_format=text")
    assert answer.strip() == f"200 {TEXT}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-F", "model=m"), "file: the form has no part named file"),
        (("-F", "file="), "file: the form has no part named file"),
        (("-F", "audio=@noext"), "audio: 100,000 bytes of text at most"),
        (("-H", "Content-Type: multipart/form-data", "-d", "x"), "without a boundary"),
        (("-d", "file=x"), "Send a multipart form, or JSON with input_audio"),
        (("-X", "POST"), "file: send a multipart form with a part named file"),
        (("-F", "file=@noext", "-F", "file=@noext"), "file: may be there once only"),
    ],
)
def test_a_form_that_lacks_something_is_told_what(
    openai_worker: ServerProcess, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    answer = curl(openai_worker, tmp_path, *arguments)
    assert answer.startswith("400 ")
    assert said in answer


@pytest.mark.parametrize(
    "form",
    [
        {"timestamp_granularities": "word,segment"},
        {"timestamp_granularities[0]": "word", "timestamp_granularities[1]": "segment"},
        {"timestamp_granularities": '["word", "segment"]'},
    ],
)
def test_lists_as_other_libraries_write_them(
    openai_worker: ServerProcess, form: dict[str, str]
) -> None:
    found = post(openai_worker, response_format="verbose_json", **form).json()
    assert {"words", "segments"} <= found.keys()


def test_the_sdk_s_raw_and_streamed_answers(openai_worker: ServerProcess) -> None:
    asked: Any = {"file": ("a.wav", TALK), "model": "m"}
    with sdk(openai_worker) as client:
        calls = client.audio.transcriptions
        raw = calls.with_raw_response.create(**asked)
        assert raw.parse().text == TEXT
        assert raw.headers["x-request-id"] == raw.request_id
        events = calls.with_raw_response.create(**asked, stream=True).parse()
        assert [event.type for event in events][-1] == "transcript.text.done"
        with calls.with_streaming_response.create(**asked, response_format="srt") as answer:
            assert "".join(answer.iter_text()).startswith("1\n00:00:00")


async def test_the_asynchronous_sdk(openai_worker: ServerProcess) -> None:
    address = f"{openai_worker.url}/v1/"
    async with openai.AsyncOpenAI(base_url=address, api_key="x", max_retries=0) as client:
        stream = await client.audio.transcriptions.create(
            file=("a.wav", TALK), model="m", stream=True
        )
        deltas = [event.delta async for event in stream if event.type == "transcript.text.delta"]
    assert "".join(deltas) == TEXT


PICTURE = ("-f", "lavfi", "-i", "testsrc=d=8:s=64x64:r=5")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("live.webm", (), ("-c:a", "libopus", "-live", "1")),
        ("late-index.m4a", (), ("-c:a", "aac")),
        ("fragments.mp4", (), ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov")),
        ("film.mkv", PICTURE, ("-c:v", "mpeg4")),
    ],
)
def test_recordings_of_browsers_phones_and_cameras(
    openai_worker: ServerProcess,
    tmp_path: Path,
    name: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> None:
    path = tmp_path / name
    softer = ("-af", "volume=0.4")
    command = ["ffmpeg", "-v", "error", *before, "-i", "-", *softer, *after, str(path)]
    subprocess.run(command, input=TALK, check=True)
    said = create(openai_worker, path.read_bytes(), "blob").text
    # A codec's delay may bring a sentence into the second before.
    assert said.startswith("Hello number 0.")
    assert said.count("Hello number") == 3
