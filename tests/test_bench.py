"""The benchmark's own parts, on made-up figures; nothing is timed."""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from app.domain.request import JobRequest, SiteVideo
from app.services.jobs.queue_options import QueueOptions
from app.settings import JobStoreSettings, Settings
from bench import __main__ as command
from bench import (
    accuracy,
    alignment,
    burn_in,
    busy,
    callers,
    caption_lines,
    crowd,
    diarization,
    faults,
    first_cue,
    first_text,
    hallucinations,
    health,
    jobs,
    layout,
    long_form,
    measurements,
    memory,
    packaging,
    picture_zoom,
    pipeline,
    readers,
    recording,
    reuse,
    stages,
    throughput,
    translation,
    whole_file,
    word_times,
)
from bench.figure import BenchError, Figure, Goal
from bench.job_worker import instant_runner
from bench.measurements import MEASURES, Taken
from bench.recording import SPARSE, TALK, Recordings
from bench.results import Row, format_table, merged, read_results, write_results
from bench.simulation import measured_costs
from bench.wire import Connection, Frame
from tests.conftest import ROOT, read_samples

GOALS = {
    "pipeline_over_engine": 1.10,
    "first_cue_over_last": 0.05,
    "engine_over_whisperx": 1.0,
    "first_text_over_sequential": 0.2,
    "first_text_over_batched": 0.12,
    "first_text_60min_over_1min": 1.2,
    "callers8_first_text_p95_over_locked": 0.25,
    "callers8_throughput_over_locked": 1.0,
    "first_text_busy_over_idle": 3,
    "pipeline_over_stages": 1.05,
    "first_cue_60min_over_1min": 1.2,
    "memory_60min_over_10min": 1.25,
    "health_p99_ms": 50,
    "heartbeat_gap_max_s": 16,
    "shutdown_s": 2,
    "sse_reader_kib": 50,
    "first_line_over_batched": 0.2,
    "all_lines_over_batched": 0.85,
    "tokens_faulty_over_clean": 1.3,
    "first_translated_over_serial": 0.1,
    "second_language_over_first": 0.15,
    "repeat_over_first": 0.02,
    "align_cpu_ms_per_30s_over_whisperx": 0.1,
    "diarization_embedding_over_stock": 0.55,
    "wer_over_best_peer_en": 1.02,
    "wer_over_best_peer_es": 1.02,
    "wer_over_best_peer_fr": 1.02,
    "wer_over_best_peer_it": 1.02,
    "wer_over_best_peer_ru": 1.02,
    "language_right_short_over_best_peer": 1.0,
    "word_start_error_median_ms": 80,
    "word_start_error_p95_ms": 250,
    "hallucinated_cues_per_hour": 0,
    "wall_over_faster_whisper_batched_600s": 0.95,
    "wall_over_faster_whisper_batched_900s": 0.95,
    "long_form_lost_over_batched": 1.0,
    "long_form_doubled_prompts": 0,
    "long_form_drift_ms": 50,
    "caption_lines_lost": 0,
    "jobs_per_s_sqlite": 30,
    "jobs_per_s_postgres": 20,
    "postgres_4_workers_over_1": 2,
    "enqueue_to_start_p99_ms": 100,
    "event_append_overhead": 1.05,
    "cost_cold_start_s": 60,
    "cost_call_s": 14,
    "cost_window_s": 14,
    "layout_rtf": 0.01,
    "layout_conforming": 1.0,
    "burn_in_over_ffmpeg": 1.05,
    "img2vid_over_ffmpeg": 1.0,
    "hls_first_segment_over_whole": 0.1,
}


def test_every_figure_has_its_goal() -> None:
    modules = (
        pipeline, throughput, first_text, callers, busy, stages, first_cue, memory, health, crowd,
        readers, translation, faults, reuse, alignment, diarization, caption_lines, jobs,
        measured_costs, layout, burn_in, picture_zoom, packaging, accuracy, word_times,
        hallucinations, whole_file, long_form,
    )  # fmt: skip
    found = [value for module in modules for value in vars(module).values()]
    goals = {goal.name: goal.goal for goal in found if isinstance(goal, Goal)}
    assert goals == GOALS
    assert [measure.__module__ for measure in MEASURES.values()] == [
        module.__name__ for module in modules
    ]


def test_a_figure_knows_whether_it_is_good_enough() -> None:
    less = Goal("a", 1.1, "ratio")
    more = Goal("b", 5, "x", better="higher")
    assert less.reached(1.1).met
    assert not less.reached(1.101).met
    assert more.reached(5).met
    assert not more.reached(4.99).met
    assert less.reached(1.02345678).value == 1.023


def test_figures_that_are_taken_again_stand_where_they_stood() -> None:
    old = [Goal(name, 1, "ratio").reached(value) for name, value in (("a", 1), ("b", 2), ("c", 3))]
    new = [Goal(name, 1, "ratio").reached(value) for name, value in (("d", 9), ("b", 8))]
    found = [(figure.name, figure.value) for figure in merged(old, new)]
    assert found == [("a", 1), ("b", 8), ("c", 3), ("d", 9)]


def test_results_are_a_list_of_objects_with_five_keys(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(
        path, [Goal("a", 1.1, "ratio").reached(1.02345), Figure("b", 3, 2, "higher", "x")]
    )
    assert json.loads(path.read_text()) == [
        {"name": "a", "value": 1.023, "goal": 1.1, "better": "lower", "unit": "ratio"},
        {"name": "b", "value": 3, "goal": 2, "better": "higher", "unit": "x"},
    ]


def test_the_table_lines_up_and_tells_what_is_missed_and_disturbed() -> None:
    table = format_table(
        [
            Row(Goal("pipeline_over_engine", 1.1, "ratio").reached(1.04), others=0.05),
            Row(Goal("health_p99_ms", 50, "ms").reached(61.25), others=1.5),
        ]
    )
    assert table.splitlines() == [
        "figure                value   goal          unit   others",
        "pipeline_over_engine   1.04  ≤ 1.1  met     ratio  0.05",
        "health_p99_ms         61.25   ≤ 50  MISSED  ms     1.50 !",
    ]


def test_an_unknown_measurement_is_refused_with_the_known_ones() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "bench", "speed"], cwd=ROOT, text=True, capture_output=True
    )
    assert told.returncode == 2
    assert "no such measurement: speed" in told.stderr


def test_recordings_of_one_manner_begin_with_the_same_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    spoken = [random.normal(0, 3000, 40_000).astype(np.int16) for _ in range(12)]
    monkeypatch.setattr(recording, "speak", lambda _: spoken)
    recordings = Recordings(tmp_path, lambda _: None)
    short, long = (read_samples(recordings.get(TALK, minutes)) for minutes in (1, 2))
    assert len(short) == pytest.approx(60 * 16_000, abs=2048)
    assert len(long) == pytest.approx(120 * 16_000, abs=2048)
    assert np.array_equal(short[: 55 * 16_000], long[: 55 * 16_000])
    loud = np.abs(read_samples(recordings.get(SPARSE, 2))) > 0.005
    assert loud.mean() == pytest.approx(0.2, abs=0.06)


async def _frames(sent: list[bytes]) -> list[Frame]:
    """Serve an answer in these pieces and read it as a stream."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        connection = await Connection.open(server.sockets[0].getsockname()[1])
        await connection.ask("GET", "/", {})
        frames = [frame async for frame in connection.frames()]
        await connection.close()
    return frames


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_the_cheap_client_reads_events_wherever_they_are_cut() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    stage = b'id: 1\ndata: {"stage":"checking","message":"m"}\n\n'
    cues = b'data: {"stage":"subtitles","message":"1","subtitles":[]}\n\n'
    body = stage + b": comment\n\n" + cues + b'data: {"error":"e"}\n\n'
    chunks = [_chunk(body[:20]), _chunk(body[20:70]), _chunk(body[70:]), b"0\r\n\r\n"]
    frames = await _frames([head, *chunks])
    assert [(f.is_stage, f.is_cues, f.is_final) for f in frames] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


async def test_a_stream_that_is_cut_just_ends() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    frames = await _frames([head, _chunk(b'data: {"a":1}\n\n'), b"ff\r\ndata:"])
    assert [frame.data for frame in frames] == [{"a": 1}]


async def test_an_answer_that_is_not_200_says_why() -> None:
    with pytest.raises(BenchError, match="429 Too Many Requests full"):
        await _frames([b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nfull"])


async def test_the_jobs_of_an_instant_engine_end(tmp_path: Path) -> None:
    store = JobStoreSettings(job_store="sqlite", jobs_dir=tmp_path / "jobs")
    runner = instant_runner(Settings(job_store=store), 0.0)
    await runner.open()
    try:
        request = JobRequest(SiteVideo("https://site.example/1"))
        job = await runner.enqueue(request, QueueOptions())
        assert (await job.wait_for_result()).segments
    finally:
        await runner.close()


def test_a_run_that_is_stopped_keeps_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OwnProcess:
        """Takes a figure, then meets an interrupt."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def submit(self, _: object, name: str, *__: object) -> Future[Taken]:
            done: Future[Taken] = Future()
            figure = Figure("first", 1.5, 2.0, "lower", "ratio")
            if name == "stopped":
                done.set_exception(KeyboardInterrupt())
            else:
                done.set_result(Taken([Row(figure, 0.0)]))
            return done

    results = tmp_path / "results.json"
    write_results(
        results,
        [Figure("first", 9.0, 2.0, "lower", "ratio"), Figure("other", 3.0, 4.0, "lower", "s")],
    )
    (tmp_path / "comparisons.json").write_text("[]")
    monkeypatch.setattr(command, "MEASURES", {"first": None, "stopped": None})
    monkeypatch.setattr(measurements, "ProcessPoolExecutor", OwnProcess)
    monkeypatch.setattr(command, "RESULTS", results)
    monkeypatch.setattr(command, "COMPARISONS", tmp_path / "comparisons.json")
    monkeypatch.setattr(command, "write_part", lambda *_: None)
    monkeypatch.setattr(command, "readme_lines", lambda _: [])
    monkeypatch.setattr("sys.argv", ["bench"])
    with pytest.raises(KeyboardInterrupt):
        command.main()
    assert [(figure.name, figure.value) for figure in read_results(results)] == [
        ("first", 1.5), ("other", 3.0),
    ]  # fmt: skip
