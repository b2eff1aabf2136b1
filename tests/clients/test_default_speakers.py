"""A server that tells speakers apart by default: what each kind of client gets, and when."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api_requests import SSE, post_file, stream_file, stream_json
from tests.clients.conftest import AddVideo, Gated
from tests.clients.extension_client import run_extension
from tests.conftest import write_wav
from tests.media_server import MediaServer
from tests.server import Frames, iter_frames, read_frame, read_stream

Told = dict[str, Any]


@pytest.fixture
def talk(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A recording of 24 s that no other test sends: loud for four of every five seconds."""
    seed = sum(request.node.name.encode())
    loud = np.arange(24 * 16_000) % (5 * 16_000) < 4 * 16_000
    noise = np.random.default_rng(seed).uniform(0.3, 0.5, len(loud)).astype(np.float32)
    path = tmp_path / "talk.wav"
    write_wav(path, np.where(loud, noise, 0).astype(np.float32))
    return path


def without_speakers(cues: list[Told]) -> list[Told]:
    return [{name: value for name, value in cue.items() if name != "speaker"} for cue in cues]


def is_diarizing(frames: Frames) -> bool:
    return any(stage["stage"] == "diarization" for stage in frames.stages)


def test_cues_go_out_at_once_and_the_result_names_their_speakers(gated: Gated, talk: Path) -> None:
    gated.close()
    frames, native = Frames(), Frames()
    with gated.server.client() as client, talk.open("rb") as file:
        post = {"files": {"file": file}, "headers": SSE}
        with client.stream("POST", "/api/stream", **post) as response:
            events = iter_frames(response)
            while not is_diarizing(frames):
                read_frame(frames, next(events))
            assert frames.result is None
            shown = list(frames.cues)
            assert len(shown) > 3, "all of them are there while nobody knows who speaks"
            job_id = response.headers["x-job-id"]
            as_file = client.get(f"/api/jobs/{job_id}/files/now.srt").text
            gated.open()
            for raw in events:
                read_frame(frames, raw)
        view = f"/api/jobs/{job_id}/events?view=native"
        with client.stream("GET", view, headers=SSE) as response:
            native = read_stream(response)
    assert as_file.count(" --> ") == len(shown)
    assert frames.result is not None
    final = frames.result["subtitles"]
    assert {cue["speaker"] for cue in final} == {"SPEAKER_00", "SPEAKER_01"}
    assert without_speakers(final) == shown == frames.cues, "no cue comes twice, none changes"
    assert frames.result["speakers"]
    assert not frames.result.get("notices")
    by_id: dict[int, list[Told]] = {}
    for event in (each for each in native.data if each.get("type") == "cues"):
        for cue in event["cues"]:
            by_id.setdefault(cue["id"], []).append({**cue, "final": event["final"]})
    for first, last in by_id.values():
        assert (first["final"], last["final"]) == (False, True)
        assert last["revision"] == first["revision"] + 1
        assert (first["speaker"], bool(last["speaker"])) == (None, True)
        assert (first["text"], first["span"]) == (last["text"], last["span"])


def test_who_asks_for_none_gets_none_and_waits_for_nothing(gated: Gated, talk: Path) -> None:
    gated.close()
    answer = post_file(gated.server, talk, diarize="false").json()
    assert answer["subtitles"]
    assert "speakers" not in answer
    assert all("speaker" not in cue for cue in answer["subtitles"])


def test_who_asks_for_speakers_gets_cues_of_one_speaker_each(gated: Gated, talk: Path) -> None:
    gated.open()
    frames = stream_file(gated.server, talk, diarize="true")
    assert frames.result is not None
    assert frames.cues == frames.result["subtitles"]
    assert {cue["speaker"] for cue in frames.cues} == {"SPEAKER_00", "SPEAKER_01"}
    totals = [batch["batchInfo"]["total"] for batch in frames.batches]
    assert totals == [len(frames.cues)] * len(totals), "all are known before the first one comes"


def test_the_extension_shows_speakers_in_both_tiers_the_second_time_too(
    gated: Gated, talk: Path, add_video: AddVideo
) -> None:
    gated.open()
    video_id = add_video(talk, "two_speaker")
    body = {"video_id": video_id, "target_lang": "en"}
    results = []
    for tier, force in ((4, False), (3, False), (3, True)):
        told = run_extension(
            f"tier{tier}", base=gated.server.url, body={**body, "force_whisper": force}
        )
        assert {cue["speaker"] for cue in told["result"]} == {"SPEAKER_00", "SPEAKER_01"}
        results.append([(cue["start"], cue["text"], cue["speaker"]) for cue in told["result"]])
    assert results[0] == results[1] == results[2]
    with gated.server.client() as client:
        answer = client.get("/api/transcribe", params={"video_id": video_id, "tier": "tier2"})
    assert {segment["speaker"] for segment in answer.json()["segments"]} == {
        "SPEAKER_00",
        "SPEAKER_01",
    }


def test_a_queue_gives_them_as_well(gated: Gated, talk: Path, site: MediaServer) -> None:
    gated.open()
    body = {"input": {"url": site.add(talk)}}
    deadline = time.monotonic() + 60
    with gated.server.client() as client:
        job_id = client.post("/run", json=body).json()["id"]
        while (answer := client.get(f"/status/{job_id}").json())["status"] != "COMPLETED":
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
    cues = [cue for batch in answer["output"] for cue in batch["subtitles"]]
    assert {cue["speaker"] for cue in cues} == {"SPEAKER_00", "SPEAKER_01"}


def test_captions_are_taken_as_ever_and_nothing_is_said_of_speakers(gated: Gated) -> None:
    gated.close()
    text = "1\n00:00:01,000 --> 00:00:03,000\nThe water came up.\n"
    with gated.server.client() as client:
        answer = client.post("/api/process", json={"captions": text}).json()
    assert answer["source"] == "client_captions"
    assert not answer.get("notices")


def test_media_of_unknown_length_is_counted_and_moves(
    gated: Gated, tmp_path: Path, site: MediaServer
) -> None:
    """A live stream's recording, or an answer in chunks, says no length."""
    length_s = 240
    loud = np.arange(length_s * 16_000) % (25 * 16_000) < 24 * 16_000
    path = tmp_path / "talk.wav"
    write_wav(path, np.where(loud, 0.4, 0).astype(np.float32) * np.sin(np.arange(len(loud))))
    mp3 = path.with_suffix(".mp3")
    codec = ["-c:a", "libmp3lame", "-b:a", "32k", "-write_xing", "0"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, *codec, mp3], check=True)
    url = site.add(mp3).replace(mp3.name, f"chunked/{mp3.name}")
    frames = stream_json(gated.server, {"url": url, "diarize": False})
    assert frames.result is not None
    opened = next(stage for stage in frames.stages if stage["stage"] == "transcribing")
    assert opened["message"] == "Listening", "nobody knows how long it is"
    percents = [stage["percent"] for stage in frames.stages]
    assert percents == sorted(percents)
    assert len({percent for percent in percents if 10 < percent < 94}) > 5
    counts = [(b["batchInfo"]["current"], b["batchInfo"]["total"]) for b in frames.batches]
    assert [current for current, _ in counts] == list(range(1, len(counts) + 1))
    assert all(total <= len(counts) + 1 for _, total in counts), "never towards more than there are"
    assert [total for _, total in counts] == sorted(total for _, total in counts)
    assert counts[-1][1] - counts[-1][0] <= 1
