"""The simulation: its traces and rules, its document, and that the real server does the same.

The comparison runs two small traces on the real server, whose engine takes a known time for a call.
What is compared is the work and its order, never seconds: how many windows, how many calls, how
long the device worked by its own count, and how much of one viewer's work was done when the next
one saw his first cue.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bench.document import read_part
from bench.figure import BenchError
from bench.results import write_results
from bench.simulation import measured_costs
from bench.simulation.chart import Line, chart
from bench.simulation.costs import CARDS, HOUR_PRICES_USD, StageCosts, computed_costs, stage_costs
from bench.simulation.endpoint import Endpoint
from bench.simulation.job import windows_of
from bench.simulation.platform import simulate
from bench.simulation.report import lines, report
from bench.simulation.scaling_document import CROWDS, DOCUMENT, PICTURE, card_lines, crowd_lines
from bench.simulation.trace import TRACES, Arrival, viral
from tests.api_requests import SSE
from tests.conftest import ROOT, write_wav
from tests.server import ServerProcess, iter_frames
from tests.timed_engines import CALL_S, CALLS, HOLD, MAX_BATCH, PREPARED, WINDOW_S

ALONE = Endpoint(min_workers=1, max_workers=1)
COSTS = StageCosts(
    "test", "chosen", 1.0, open_s=0.3, call_s=CALL_S, window_s=WINDOW_S, max_batch=MAX_BATCH
)
_TOLERANCE = 0.35
"""Of a share of the work: windows are cut at pauses, which moves a viewer by a call or two."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    app = "tests.timed_engines:application()"
    settings = {"ASR_SELF_TEST": "false", "CACHE_MAX_SIZE_MB": "0"}
    process = ServerProcess(tmp_path_factory.mktemp("timed"), settings, app)
    process.wait_ready()
    yield process
    process.stop()


def recording(folder: Path, name: str, length_s: int, level: float) -> Path:
    """Write a recording that is loud for 3.2 s of every 4 s; another level is another video."""
    loud = np.where(np.arange(4 * 16_000) < 3.2 * 16_000, level, 0.0).astype(np.float32)
    path = folder / f"{name}.wav"
    write_wav(path, np.tile(loud, length_s // 4))
    return path


class Viewer(threading.Thread):
    """Uploads a recording and follows its stream.

    Attributes:
        admitted: set once the server has taken the request.
        begun: set with the first cue.
    """

    def __init__(self, server: ServerProcess, path: Path, position_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self._server, self._path, self._position_s = server, path, position_s
        self.admitted, self.begun = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        fields = {"position_s": str(self._position_s), "source_lang": "en"}
        with (
            self._server.client() as client,
            self._path.open("rb") as file,
            client.stream(
                "POST", "/api/stream", files={"file": file}, data=fields, headers=SSE
            ) as response,
        ):
            assert response.status_code == 200, response.read()
            self.admitted.set()
            for raw in iter_frames(response):
                if b'"subtitles"' in raw:
                    self.begun.set()


Window = tuple[float, float, float]
"""Start and end in seconds, and loudness."""


def calls_of(server: ServerProcess, name: str = CALLS) -> list[list[Window]]:
    """Return the windows of each call so far, or of another file of the engine."""
    path = server.folder / name
    lines_ = path.read_text().splitlines() if path.exists() else []
    return [[tuple(window) for window in json.loads(line)] for line in lines_]


def ends_s(calls: list[list[Window]]) -> list[float]:
    """Return when each call ends on a device that never waits, by the costs of its windows."""
    lengths = ([end_s - start_s for start_s, end_s, _ in call] for call in calls)
    return list(accumulate(COSTS.batch_s(sum(each), len(each)) for each in lengths))


def queued(server: ServerProcess) -> int:
    with server.client() as client:
        text = client.get("/metrics").text
    found = re.search(r"^cuestream_queue_windows (\d+)", text, re.MULTILINE)
    assert found
    return int(found[1])


def test_the_real_server_does_the_same_work_for_viewers_who_come_together(
    server: ServerProcess, tmp_path: Path
) -> None:
    before = len(calls_of(server))
    paths = [recording(tmp_path, f"together{n}", 120, 0.3 + n / 10) for n in range(4)]
    hold = server.folder / HOLD
    hold.touch()
    viewers = [Viewer(server, path) for path in paths]
    assert all(viewer.admitted.wait(120) for viewer in viewers)
    wait_until(server, lambda: queued(server) > 2 * MAX_BATCH)
    hold.unlink()
    for viewer in viewers:
        viewer.join(120)
    calls = calls_of(server)[before:]
    arrivals = [Arrival(0.0, f"together {number}", 120.0) for number in range(4)]
    outcome = simulate(arrivals, COSTS, ALONE)
    windows, wanted = sum(map(len, calls)), 4 * windows_of(120.0)
    assert 0.7 * wanted <= windows <= 1.4 * wanted
    assert 0.6 * outcome.busy_s <= ends_s(calls)[-1] <= 2.0 * outcome.busy_s
    assert max(map(len, calls)) <= MAX_BATCH


def test_the_real_server_serves_in_the_same_order_who_comes_behind_a_long_job(
    server: ServerProcess, tmp_path: Path
) -> None:
    length_s, jump_s = 800.0, 600.0
    before = len(calls_of(server))
    long, short = recording(tmp_path, "long", 800, 0.9), recording(tmp_path, "short", 60, 0.2)
    hold = server.folder / HOLD
    hold.touch()
    viewers = [Viewer(server, long)]
    assert viewers[0].begun.wait(120)
    viewers += [Viewer(server, short), Viewer(server, long, jump_s)]
    # The device is held until it could begin with what each of both waits for.
    assert all(viewer.admitted.wait(120) for viewer in viewers)
    wait_until(server, lambda: {0.2, jump_s} <= wanted_of(calls_of(server, PREPARED), jump_s))
    hold.unlink()
    for viewer in viewers:
        viewer.join(120)
    real = shares_of(calls_of(server)[before:], jump_s)
    begin_s = simulate([Arrival(0.0, "long", length_s)], COSTS, ALONE).first_cue_s[0]
    arrivals = [
        Arrival(0.0, "long", length_s),
        Arrival(begin_s, "short", 60.0),
        Arrival(begin_s, "long", length_s, None, jump_s),
    ]
    outcome = simulate(arrivals, COSTS, ALONE)
    assert outcome.jobs == 2  # the third viewer shares the first one's job, in both
    by_viewer = dict(zip(outcome.order, outcome.first_cue_s, strict=True))
    simulated = [by_viewer[number] / (outcome.busy_s - begin_s) for number in (1, 2)]
    assert real == pytest.approx(simulated, abs=_TOLERANCE)
    assert max(real + simulated) < 0.75  # long before all of the long job was done


def shares_of(calls: list[list[Window]], jump_s: float) -> list[float]:
    """Return the share of the work that was done when each of two viewers saw his first cue.

    Args:
        calls: from the first window of the long recording on.
        jump_s: where the second of them began to watch it.
    """
    ends = ends_s(calls)
    short = next(at for at, call in enumerate(calls) if any(level == 0.2 for *_, level in call))
    jumped = next(
        at for at, call in enumerate(calls) if any(holds(window, jump_s) for window in call)
    )
    return [(ends[at] - ends[0]) / (ends[-1] - ends[0]) for at in (short, jumped)]


def wanted_of(calls: list[list[Window]], jump_s: float) -> set[float]:
    """Return what is among the windows: 0.2 for the short recording, ``jump_s`` for that place."""
    windows = [window for call in calls for window in call]
    short = {0.2} if any(level == 0.2 for *_, level in windows) else set()
    return short | {jump_s} if any(holds(window, jump_s) for window in windows) else short


def holds(window: Window, jump_s: float) -> bool:
    """Whether a viewer who jumps there in the long recording sees this window first."""
    start_s, end_s, level = window
    return level == 0.9 and end_s > jump_s >= start_s - 6


def wait_until(
    server: ServerProcess, condition: Callable[[], bool], limit_s: float = 120.0
) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"{queued(server)} windows wait\n{server.log[-9000:]}")
        time.sleep(0.1)


@pytest.mark.parametrize("trace", sorted(TRACES))
def test_equal_seeds_give_equal_traces_and_outcomes(trace: str) -> None:
    arrivals = TRACES[trace](40, 0.5, 7)
    assert arrivals == TRACES[trace](40, 0.5, 7) != TRACES[trace](40, 0.5, 8)
    assert len(arrivals) == 40
    assert all(0 <= each.position_s < each.length_s for each in arrivals)
    assert [each.at_s for each in arrivals] == sorted(each.at_s for each in arrivals)
    costs = computed_costs("ADA_24")
    first, again = (simulate(arrivals, costs, Endpoint()) for _ in range(2))
    assert first == again
    assert len(first.first_cue_s) + first.lost == 40


def test_each_setting_does_what_it_says() -> None:
    costs = computed_costs("ADA_24")
    arrivals = TRACES["evening"](60, 1.0, 3)
    base = Endpoint(max_workers=5, scaler_value=1)
    outcome = simulate(arrivals, costs, base)
    warm = simulate(arrivals, costs, replace(base, min_workers=2))
    assert min(running for _, running, _ in warm.workers) == 2
    assert report(warm, costs).first_cue_s < report(outcome, costs).first_cue_s
    assert warm.worker_s > outcome.worker_s
    capped = simulate(arrivals, costs, replace(base, max_workers=1))
    assert max(running for _, running, _ in capped.workers) == 1
    assert max(running for _, running, _ in outcome.workers) > 1
    cold = simulate(arrivals, costs, replace(base, flashboot=False))
    assert sum(cold.first_cue_s) > sum(outcome.first_cue_s)
    patient = simulate(arrivals, costs, replace(base, idle_s=300))
    assert patient.worker_s > outcome.worker_s
    dense = simulate(arrivals, costs, replace(base, scaler_value=8))
    assert dense.worker_s < outcome.worker_s


def test_one_video_is_worked_on_once_where_store_and_cache_are_shared() -> None:
    costs = computed_costs("ADA_24")
    arrivals = viral(200, 0.5, 5)
    languages = len({each.language for each in arrivals})
    apart = simulate(arrivals, costs, Endpoint(max_workers=4, scaler_value=1))
    together = simulate(
        arrivals,
        costs,
        Endpoint(max_workers=4, scaler_value=1, shared_store=True, shared_cache=True),
    )
    assert together.jobs == languages < apart.jobs
    assert together.busy_s < apart.busy_s


def test_a_queue_waits_where_a_load_balancer_gives_up() -> None:
    never = replace(COSTS, cold_start_s=200.0)
    arrivals = [Arrival(float(at), f"v{at}", 60.0) for at in range(3)]
    balanced = simulate(arrivals, never, Endpoint(max_workers=1))
    queued = simulate(arrivals, never, Endpoint(kind="queue", scaler="QUEUE_DELAY", max_workers=1))
    assert balanced.refused >= 3  # held for two minutes each
    assert queued.refused == 0
    assert len(queued.first_cue_s) == 3
    with pytest.raises(ValueError, match="REQUEST_COUNT alone"):
        Endpoint(scaler="QUEUE_DELAY")


def test_a_worker_that_is_full_refuses_and_viewers_who_wait_too_long_are_lost() -> None:
    slow = replace(COSTS, call_s=60.0)
    arrivals = [Arrival(0.0, f"v{number}", 600.0) for number in range(60)]
    outcome = simulate(arrivals, slow, replace(ALONE, max_jobs=2))
    assert outcome.lost > 0
    assert outcome.refused >= 12 * outcome.lost
    assert len(outcome.first_cue_s) + outcome.lost == 60


def test_costs_come_from_a_file_or_from_figures_of_the_benchmark(tmp_path: Path) -> None:
    own = tmp_path / "costs.json"
    own.write_text(json.dumps({"mine": {"call_s": 2.5, "source": "mine"}}))
    assert stage_costs("mine", own).call_s == 2.5
    figures = tmp_path / "results.json"
    figures.write_text(json.dumps([{"name": "cost_window_s", "value": 0.2}]))
    changed = stage_costs("ADA_24", figures)
    assert (changed.window_s, changed.hour_usd) == (0.2, HOUR_PRICES_USD["ADA_24"])
    for content in ("[]", '{"mine": {"no_such_cost": 1}}', "half"):
        own.write_text(content)
        with pytest.raises(BenchError):
            stage_costs("mine", own)
    with pytest.raises(BenchError, match="known: "):
        stage_costs("no such card")


class CountedEngine:
    """A transcriber whose calls take 3 ms, and 2 ms more for each window."""

    max_batch = 4

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock

    def prepare(self, window: object) -> object:
        return window

    def decode(self, batch: Sequence[object]) -> None:
        self._clock[0] += 0.003 + 0.002 * len(batch)


async def test_measured_costs_are_figures_that_the_simulation_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]

    def load(*_: object) -> CountedEngine:
        clock[0] += 1.25
        return CountedEngine(clock)

    monkeypatch.setattr(measured_costs, "load_engine", load)
    monkeypatch.setattr(measured_costs.time, "perf_counter", lambda: clock[0])
    steps: list[str] = []
    environment: Any = SimpleNamespace(progress=SimpleNamespace(step=steps.append))
    figures = await measured_costs.measure(environment)
    assert steps[0].startswith("measured: ")
    assert {figure.name: figure.value for figure in figures} == {
        "cost_cold_start_s": 1.25,
        "cost_call_s": 0.003,
        "cost_window_s": 0.002,
    }
    write_results(tmp_path / "results.json", figures)
    costs = stage_costs("ADA_24", tmp_path / "results.json")
    assert (costs.call_s, costs.window_s, costs.cold_start_s) == (0.003, 0.002, 1.25)
    assert costs.source == "figures of results.json"
    arrivals = TRACES["steady"](20, 1.0, 1)
    slower = replace(costs, call_s=5.0, window_s=1.0)
    found = [report(simulate(arrivals, each, Endpoint()), each) for each in (costs, slower)]
    assert found[0].usd > 0
    assert found[0].first_cue_s is not None
    assert found[1].first_cue_s is not None
    assert found[0].first_cue_s < found[1].first_cue_s, "the figures decide what comes out"


def test_a_better_card_costs_less_time() -> None:
    by_card = [computed_costs(pool) for pool in CARDS]
    assert all(costs.call_s > 0 and costs.window_s > 0 for costs in by_card)
    assert computed_costs("AMPERE_24").window_s > computed_costs("HOPPER_141").window_s
    prices = (ROOT / "docs" / "load-balancer.md").read_text()
    for pool, price in HOUR_PRICES_USD.items():
        assert re.search(rf"`{pool}` .*\| {price:.2f} \|", prices), pool


def test_the_document_is_what_the_script_makes() -> None:
    assert read_part("cards", DOCUMENT).splitlines() == list(card_lines())
    made = list(crowd_lines(most=10))
    shown = read_part("crowds", DOCUMENT).splitlines()
    assert shown[: len(made)] == made
    assert [line.split(" | ")[0].removeprefix("| ") for line in shown[2:]] == [
        name for name, *_ in CROWDS
    ]


def test_the_picture_is_one() -> None:
    for svg in (PICTURE.read_text(), chart("t", [1.0, 2.0], [Line("a", [(0.0, 1)])], 10.0)):
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        assert root.findall("{*}polyline")
        assert root.findall("{*}polygon")


def test_the_command_prints_what_viewers_see(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.simulation", "--viewers", "20", "--hours", "0.5"]
    picture = tmp_path / "workers.svg"
    told = subprocess.run(
        [*command, "--chart", str(picture)], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert "p50" in told.stdout
    assert "US$" in told.stdout
    assert picture.read_text().startswith("<svg")
    wrong = subprocess.run([*command, "--min", "5"], cwd=ROOT, text=True, capture_output=True)
    assert wrong.returncode == 1
    assert "min_workers" in wrong.stderr


def test_a_trace_without_viewers_costs_nothing_but_what_always_runs() -> None:
    outcome = simulate([], COSTS, Endpoint())
    assert "\n".join(lines(outcome, COSTS)).startswith("viewers          0 served")
