"""Tiers 3 and 4 of the extension's client against the real server; numbers are its contract's."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import AddVideo
from tests.clients.extension_client import run_extension
from tests.conftest import Speech, StartServer, read_samples, write_wav
from tests.media_server import MediaServer
from tests.server import ServerProcess, free_port

Told = dict[str, Any]
Watch = Callable[..., Told]

TIERS = (3, 4)


def watch(server: ServerProcess, tier: int, options: Told | None = None, **body: Any) -> Told:
    """Ask as the extension's page does; tier 4 takes a base as it was typed."""
    base = f"{server.url}/" if tier == 4 else server.url
    body = {"target_lang": "es", "force_whisper": False, **body}
    told: Told = run_extension(f"tier{tier}", base=base, body=body, **(options or {}))
    assert not told.get("unreadable")
    return told


@pytest.fixture(scope="module")
def talk(add_video: AddVideo, dialogue: Path) -> str:
    return add_video(dialogue, "talk_video1")


@pytest.fixture(scope="module")
def watched(youtube: ServerProcess, talk: str) -> dict[int, Told]:
    return {tier: watch(youtube, tier, video_id=talk) for tier in TIERS}


@pytest.fixture(scope="module")
def stalled(
    youtube: ServerProcess,
    site: MediaServer,
    dialogue: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[int, Told]:
    """What is seen of a page whose recording stops coming in the middle."""
    twice = tmp_path_factory.mktemp("twice") / "twice.wav"
    write_wav(twice, np.tile(read_samples(dialogue), 2))
    url = site.add(twice).replace(twice.name, f"stall/{twice.name}")
    body = {"video_id": "aHR0cHM6Ly93d3cuZXhhbXBs", "video_url": url, "force_whisper": True}
    patience = {"limits": {"silence": 2500}}
    return {tier: watch(youtube, tier, patience, **body) for tier in TIERS}


def test_01_tier_3_resolves_with_the_result(watched: dict[int, Told]) -> None:
    told = watched[3]
    assert [cue for cue in told["result"] if "agua" in cue["translatedText"]]
    assert {p["stage"] for p in told["progress"]} >= {"checking", "transcribing", "complete"}


def test_02_and_18_tier_4_gets_every_batch_once_behind_a_base_with_a_slash(
    watched: dict[int, Told],
) -> None:
    told = watched[4]
    assert [b["index"] for b in told["batches"]] == list(range(1, len(told["batches"]) + 1))
    assert [c for b in told["batches"] for c in b["subtitles"]] == told["result"]
    assert "incomplete" not in told


def test_04_the_server_closes_right_after_the_end(
    watched: dict[int, Told], stalled: dict[int, Told]
) -> None:
    for told in (*watched.values(), *stalled.values()):
        assert told["closed"] is True
        assert told["late"] == 0, "something came after the end"


def test_05_comments_and_signs_of_life_between_events_break_nothing(
    stalled: dict[int, Told],
) -> None:
    for told in stalled.values():
        assert told["comments"] >= 1
        assert any("(" in p["message"] for p in told["progress"])


def test_06_any_bytes_keep_a_tier_4_client_that_would_give_up_in_silence(
    stalled: dict[int, Told],
) -> None:
    """Its patience is 2.5 s here, in place of 3 minutes, and the recording stalls for 3 s."""
    assert stalled[4]["error"] != "Request aborted"


def test_11_no_speech_is_an_error_and_never_an_empty_list(
    youtube: ServerProcess, add_video: AddVideo, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.wav"
    write_wav(noise, np.random.default_rng(1).normal(0, 0.02, 160_000).astype(np.float32))
    add_video(noise, "noise_video")
    for tier in TIERS:
        told = watch(youtube, tier, video_id="noise_video")
        assert "result" not in told
        shown = told["error"] + str(told["progress"][-1:])
        assert "No speech was found" in shown


def test_12_a_bad_language_or_id_is_shown_as_the_server_words_it(youtube: ServerProcess) -> None:
    for tier in TIERS:
        bad_language = watch(youtube, tier, video_id="x" * 11, target_lang="xx")
        assert bad_language["status"] == 400
        assert bad_language["error"] == (
            "Invalid target language 'xx': write its code, such as es, pt-BR or zh-TW"
        )
        bad_id = watch(youtube, tier, video_id="?")
        assert (bad_id["status"], bad_id["error"]) == (400, "Invalid video_id format")


def test_13_a_failure_in_mid_stream_is_told(stalled: dict[int, Told]) -> None:
    assert stalled[4]["error"]
    assert stalled[4]["batches"]
    assert "result" not in stalled[4], "what came so far must not be kept as complete"
    assert stalled[3]["error"] == "Stream ended without result"
    assert stalled[3]["progress"][-1]["message"] == stalled[4]["error"]


def test_16_null_addresses_beside_an_id_mean_youtube(
    youtube: ServerProcess, talk: str, watched: dict[int, Told]
) -> None:
    nulls = {"video_url": None, "stream_url": None, "isShorts": True}
    told = watch(youtube, 3, video_id=talk, **nulls)
    assert told["result"] == watched[3]["result"]


def test_19_a_key_in_the_bearer_header_opens_tier_3_and_4(
    start_server: StartServer, site: MediaServer, speech: Speech
) -> None:
    server = start_server(ALLOW_PRIVATE_URLS="true", API_KEYS="backend-key")
    sentence = speech.wav("The water came up very fast last night.", "slt")
    body = {"video_id": "generic", "video_url": site.add(sentence)}
    for tier, key in ((3, "backendApiKey"), (4, "apiKey")):
        for given in ({}, {key: "sk-of-a-language-model"}):
            refused = watch(server, tier, given, **body)
            assert refused["status"] == 401
            assert refused["error"].startswith("A valid API key is required")
            if given:
                assert ("tier 4" in refused["error"]) is (tier == 4)
        assert watch(server, tier, {key: "backend-key"}, **body)["result"]
    assert "sk-of-a-language-model" not in server.log


def test_19_a_server_without_keys_lets_every_key_in(
    youtube: ServerProcess, talk: str, watched: dict[int, Told]
) -> None:
    told = watch(youtube, 4, {"apiKey": "sk-of-a-language-model"}, video_id=talk)
    assert told["result"] == watched[4]["result"]
    assert "sk-of-a-language-model" not in youtube.log


def test_24_a_page_that_was_left_stops_the_work(
    youtube: ServerProcess, add_video: AddVideo, long_talk: Path, tmp_path: Path
) -> None:
    softer(long_talk, tmp_path / "softer.wav", 0.7)
    add_video(tmp_path / "softer.wav", "left_video1")
    told = watch(youtube, 4, {"leaveAfter": 3}, video_id="left_video1")
    assert told["error"] == "Request aborted"
    assert running(youtube) == 1, "it came too late"
    deadline = time.monotonic() + 60
    while running(youtube):
        assert time.monotonic() < deadline, "the work goes on"
        time.sleep(0.05)


def test_25_and_26_two_tiers_at_once_are_one_job_and_each_gets_its_own_shape(
    youtube: ServerProcess, add_video: AddVideo, dialogue: Path, tmp_path: Path
) -> None:
    softer(dialogue, tmp_path / "softer.wav", 0.6, seconds=8)
    add_video(tmp_path / "softer.wav", "both_video1")
    before = jobs_done(youtube)
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda tier: watch(youtube, tier, video_id="both_video1"), TIERS)
        third, fourth = both
    assert jobs_done(youtube) - before == 1
    assert third["batches"] == []
    assert [b["index"] for b in fourth["batches"]] == list(range(1, len(fourth["batches"]) + 1))
    assert third["result"] == fourth["result"]


def test_27_a_video_that_was_done_is_shown_at_once_in_one_batch(
    youtube: ServerProcess, talk: str, watched: dict[int, Told]
) -> None:
    told = watch(youtube, 4, video_id=talk)
    assert [p["stage"] for p in told["progress"]] == ["complete"]
    assert [(b["index"], b["total"]) for b in told["batches"]] == [(1, 1)]
    assert told["result"] == watched[4]["result"]


def test_38_what_the_page_shows_of_progress_never_goes_back(
    watched: dict[int, Told], stalled: dict[int, Told]
) -> None:
    for told in (*watched.values(), *stalled.values()):
        percents = [p["percent"] for p in told["progress"]]
        assert percents == sorted(percents)
        assert 0 <= percents[0] <= percents[-1] <= 100
        for progress in told["progress"]:
            assert progress["message"]
            assert isinstance(progress.get("eta", "1s"), str)
            assert 1 <= progress["step"] <= progress["totalSteps"]


def test_a_private_video_is_told_as_such(youtube: ServerProcess) -> None:
    for tier in TIERS:
        told = watch(youtube, tier, video_id="private_vid")
        assert "private" in (told["error"] + str(told["progress"][-1:])).lower()


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for call in ("tier3", "tier4"):
            told = run_extension(call, base=base, body={}, limits={"headers": 200})
            assert told["error"] == "Request aborted"
    assert run_extension("tier3", base=f"http://127.0.0.1:{free_port()}", body={})["error"]


def softer(source: Path, path: Path, by: float, seconds: int | None = None) -> None:
    """Write a recording, or its beginning, so that nobody has heard exactly this one."""
    end = None if seconds is None else seconds * 16_000
    write_wav(path, read_samples(source)[:end] * np.float32(by))


def running(server: ServerProcess) -> int:
    with server.client() as client:
        return int(client.get("/health").json()["jobs"]["running"])


def jobs_done(server: ServerProcess) -> float:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    name = 'cuestream_jobs_total{outcome="done"} '
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))
