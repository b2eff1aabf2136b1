"""What the extension sees on the wire; numbers are those of its contract's tests."""

import itertools
import re
from pathlib import Path

import httpx
import pytest

from tests.api_requests import post_file, stream_file, stream_json
from tests.media_server import MediaServer
from tests.server import Frames, ServerProcess
from tests.wording import word_errors

ENGLISH = (
    "we measure the height of the river every morning "
    "the water came up very fast last night "
    "please tell the people near the bridge "
    "i will call them before the sun goes down "
    "thank you for your help with this work"
)


@pytest.fixture(scope="module")
def streamed(server: ServerProcess, dialogue: Path) -> Frames:
    return stream_file(server, dialogue, target_lang="es", source_lang="en", force_refresh="true")


@pytest.fixture(scope="module")
def processed(server: ServerProcess, dialogue: Path) -> Frames:
    return stream_file(server, dialogue, "/api/process", target_lang="es", force_refresh="true")


@pytest.fixture(params=["streamed", "processed"])
def either(request: pytest.FixtureRequest) -> Frames:
    frames: Frames = request.getfixturevalue(request.param)
    return frames


def test_01_process_ends_with_result_subtitles(processed: Frames) -> None:
    assert processed.result is not None
    assert "result" in processed.data[-1]
    heard = " ".join(cue["text"] for cue in processed.result["subtitles"])
    assert word_errors(ENGLISH, heard) <= 0.03
    assert processed.batches == [], "tier 3 gets no batches"


def test_02_stream_sends_batches_then_the_result(streamed: Frames) -> None:
    assert [b["batchInfo"]["current"] for b in streamed.batches] == list(
        range(1, len(streamed.batches) + 1)
    )
    assert len(streamed.batches) >= 5
    assert "result" in streamed.data[-1]


def test_03_frames_are_single_line_json_with_lf_and_no_action(either: Frames) -> None:
    for raw in either.raw:
        assert b"\r" not in raw
        assert raw.endswith(b"\n\n")
        assert raw.count(b"data:") + raw.startswith(b":") == 1
    assert not any("action" in data for data in either.data)


def test_04_each_frame_is_one_write_and_nothing_follows_the_result(
    server: ServerProcess, dialogue: Path
) -> None:
    with (
        server.client() as client,
        client.stream(
            "POST",
            "/api/stream",
            files={"file": dialogue.read_bytes()},
            data={"target_lang": "es"},
        ) as response,
    ):
        chunks = list(response.iter_raw())
    for chunk in chunks:
        assert chunk.endswith(b"\n\n"), "a write ended inside a frame"
    assert b'"result"' in chunks[-1]


def test_08_batches_count_up_totals_hold_and_no_cue_comes_twice(streamed: Frames) -> None:
    totals = [b["batchInfo"]["total"] for b in streamed.batches]
    assert totals == sorted(totals)
    assert all(b["batchInfo"]["total"] >= b["batchInfo"]["current"] > 0 for b in streamed.batches)
    spans = [(cue["start"], cue["end"]) for cue in streamed.cues]
    assert len(spans) == len(set(spans))


def test_09_the_result_is_the_union_of_the_batches_and_all_of_it_is_translated(
    streamed: Frames,
) -> None:
    assert streamed.result is not None
    assert streamed.result["subtitles"] == streamed.cues
    assert streamed.result["translated"] is True
    spanish = " ".join(cue["translatedText"] for cue in streamed.cues).lower()
    assert "agua" in spanish
    assert "mañana" in spanish
    assert all(cue["translatedText"] != cue["text"] for cue in streamed.cues)


def test_10_cues_are_sorted_integers_without_overlap_and_speaker_is_never_null(
    either: Frames,
) -> None:
    assert either.result is not None
    cues = either.result["subtitles"]
    for cue in cues:
        assert type(cue["start"]) is int
        assert type(cue["end"]) is int
        assert cue["end"] > cue["start"]
        assert "speaker" not in cue or re.search(r"\d", cue["speaker"])
    for before, after in itertools.pairwise(cues):
        assert before["end"] <= after["start"]


def test_15_both_spellings_of_a_language_are_one_job(server: ServerProcess, dialogue: Path) -> None:
    first = stream_file(server, dialogue, target_lang="es_419")
    second = stream_file(server, dialogue, target_lang="ES-419")
    assert first.result is not None
    assert second.result is not None
    assert [d["stage"] for d in second.stages] == ["complete"], "the second is answered at once"
    assert first.result["subtitles"] == second.result["subtitles"]


@pytest.mark.parametrize("lang", ["zh_CN", "zh-CN", "pt_BR", "uk", "FIL", "iw", "no"])
def test_15_every_spelling_is_a_language(server: ServerProcess, dialogue: Path, lang: str) -> None:
    answer = post_file(server, dialogue, target_lang=lang)
    assert answer.status_code == 400
    assert "to Spanish" in answer.json()["error"], "refused for its pair, not for its spelling"


def test_16_null_urls_mean_youtube_and_unknown_keys_are_ignored(server: ServerProcess) -> None:
    with server.client() as client:
        body = {
            "video_id": "short",
            "target_lang": "es",
            "video_url": None,
            "stream_url": None,
            "colour": "red",
        }
        answer = client.post("/api/process", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid video_id format", "not a YouTube id"


def test_17_one_video_id_with_two_addresses_is_two_videos(
    server: ServerProcess, site: MediaServer, dialogue: Path, speech, tmp_path: Path
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(speech.wav("Please open the window in the kitchen.", "rms").read_bytes())
    bodies = [
        {"video_id": "aHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v", "target_lang": "es", "video_url": url}
        for url in (site.add(dialogue), site.add(other))
    ]
    first, second = (stream_json(server, body) for body in bodies)
    assert first.result is not None
    assert second.result is not None
    assert "water" in str(first.result["subtitles"])
    assert "window" in str(second.result["subtitles"])
    assert "water" not in str(second.result["subtitles"])


def test_18_doubled_slashes_are_single(server: ServerProcess, dialogue: Path) -> None:
    frames = stream_file(server, dialogue, f"{server.url}//api/stream", target_lang="es")
    assert frames.result is not None
    assert httpx.get(f"{server.url}//health", trust_env=False).status_code == 200


def test_27_a_finished_job_is_told_at_once(server: ServerProcess, dialogue: Path) -> None:
    stream_file(server, dialogue, target_lang="es", source_lang="en")
    again = stream_file(server, dialogue, target_lang="es", source_lang="en")
    assert [d["stage"] for d in again.data if "stage" in d] == ["complete", "subtitles"]
    assert again.batches[0]["batchInfo"] == {"current": 1, "total": 1}
    assert again.result is not None
    assert again.result["subtitles"] == again.cues
    fresh = stream_file(server, dialogue, target_lang="es", source_lang="en", force_whisper="true")
    told_s, worked_s = (frames.times[-1] - frames.times[0] for frames in (again, fresh))
    assert told_s < worked_s / 4
    assert "transcribing" in [d["stage"] for d in fresh.stages]


def test_38_percent_never_falls_and_eta_is_a_string_or_absent(either: Frames) -> None:
    percents = [d["percent"] for d in either.stages]
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100
    assert all("eta" not in d or (isinstance(d["eta"], str) and d["eta"]) for d in either.stages)
    assert all(d["message"] for d in either.stages)


def test_every_logged_event_has_an_id_and_the_first_names_the_job(
    server: ServerProcess, streamed: Frames
) -> None:
    ids = [int(i) for i in streamed.ids if i is not None]
    assert ids == sorted(set(ids))
    first = streamed.data[0]
    assert first["events"] == f"/api/jobs/{first['job_id']}/events?view=stream"
    with server.client() as client:
        assert client.get(f"/api/jobs/{first['job_id']}").json()["state"] == "done"


def test_a_file_that_is_not_translated(server: ServerProcess, dialogue: Path) -> None:
    for target in ({}, {"target_lang": "none"}, {"target_lang": "en", "source_lang": "en-GB"}):
        frames = stream_file(server, dialogue, **target)
        assert frames.result is not None
        assert frames.result["translated"] is False
        assert all(c["translatedText"] == c["text"] for c in frames.result["subtitles"])
