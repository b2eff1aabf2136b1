"""Every example of the guides, run as it stands; only hosts are others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.document import read_part
from bench.readme_figures import PART, README, readme_lines
from bench.results import read_results
from tests.media_server import MediaServer
from tests.packaging.documented import Block, GuideShell, Ran, blocks_of, run_blocks
from tests.server import ROOT, ServerProcess

API = ROOT / "docs" / "api.md"
CLIP = ROOT / "samples" / "voicemail.mp4"
HERE = Path(__file__).parent
NODE_MODULES = ROOT / "tests" / "clients" / "node_modules"

ADDRESS = "https://example.com"
"""In the guides: a site of nobody's. The tests have one of their own."""

_LIVE = """
const library = require("socket.io-client");
const io = (url, options) =>
  library.io(url.replace("localhost:5001", process.argv[2]), { ...options, extraHeaders });
const extraHeaders = { Origin: "https://app.example" };
const samples = new Int16Array(4000).map((_, at) => (at % 50) * 500 - 12000);
"""
_LIVE_END = """
let silent = 0;
const timer = setInterval(() => {
  const loud = (silent += 1) < 12;
  send(loud ? samples : new Int16Array(4000));
}, 50);
socket.on("live_result", (result) => {
  if (result.status !== "final" && result.status !== "error") return;
  console.log(JSON.stringify(result));
  clearInterval(timer);
  socket.disconnect();
});
"""


def prepared(folder: Path) -> Path:
    """Return a folder that holds what the guides name."""
    folder.mkdir(exist_ok=True)
    (folder / "samples").symlink_to(CLIP.parent)
    for name in ("talk.mp4", "entretien.mp4"):
        shutil.copy(CLIP, folder / name)
    tracks = ["-map", "0:a", "-map", "0:a", "-t", "12", "-c", "copy"]
    command = ["ffmpeg", "-v", "error", "-i", str(CLIP), *tracks, str(folder / "film.mkv")]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def standins(site: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of a server for which sites of the guides are one local site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(CLIP, folder / "talk.mp4")
    event = {"tStartMs": 4240, "dDurationMs": 2580, "segs": [{"utf8": "We measure the river"}]}
    (folder / "captions.json3").write_text(json.dumps({"events": [event]}))
    for path in folder.iterdir():
        site.add(path)
    return {
        "ALLOW_PRIVATE_URLS": "true",
        "STANDIN_SITE": site.url,
        "PYTHONPATH": str(HERE / "site_plugins"),
        "DIARIZATION_ENABLED": "true",
        "DIARIZATION_MODE": "off",  # as on most servers, which have no diarizer
        "WHISPER_MODEL": "base",
    }


def documented_server(folder: Path, settings: dict[str, str]) -> ServerProcess:
    app = "tests.packaging.documented_engines:application()"
    server = ServerProcess(folder, settings, app)
    server.wait_ready()
    return server


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, standins: dict[str, str]
) -> Iterator[ServerProcess]:
    running = documented_server(tmp_path_factory.mktemp("documented"), standins)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def keyed(
    tmp_path_factory: pytest.TempPathFactory, standins: dict[str, str]
) -> Iterator[ServerProcess]:
    """The same with a key."""
    settings = {**standins, "API_KEYS": "the-key"}
    running = documented_server(tmp_path_factory.mktemp("keyed"), settings)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def ran(
    server: ServerProcess, site: MediaServer, tmp_path_factory: pytest.TempPathFactory
) -> list[Ran]:
    """Every shell example of the API's guide, run in order."""
    folder = prepared(tmp_path_factory.mktemp("guide") / "here")
    hosts = {"localhost:5001": f"127.0.0.1:{server.port}"}
    shell = GuideShell(folder, hosts, replaced={ADDRESS: site.url})
    return shell.run(
        [block for block in run_blocks("docs/api.md", __file__) if not keyed_block(block)]
    )


def keyed_block(block: Block) -> bool:
    """Whether an example is of a server with keys, which alone lists its callers' jobs."""
    return "X-API-Key: KEY" in block.text


def test_examples_of_a_server_with_keys_are_answered(
    keyed: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with keyed.client(headers={"X-API-Key": "the-key"}) as client:
        captions = [{"start": 0, "end": 900, "text": "Good evening."}]
        job_id = client.post("/api/process", json={"captions": captions}).headers["X-Job-Id"]
    blocks = [block for block in run_blocks("docs/api.md", __file__) if keyed_block(block)]
    folder = prepared(tmp_path_factory.mktemp("with-keys") / "here")
    hosts = {"localhost:5001": f"127.0.0.1:{keyed.port}"}
    shell = GuideShell(folder, hosts, replaced={"KEY": "the-key", "JOB_ID": job_id})
    ran = shell.run(blocks)
    assert [status for one in ran for status, _ in one.statuses] == [200, 200]
    assert json.loads(ran[0].output)["jobs"][0]["job_id"] == job_id
    assert json.loads(ran[1].output)["job_id"] == job_id


COMPARED_WITH_SPEECH = ("/api/retime", "/api/align")
"""Routes that compare a text with what is said; these engines hear other words than the clip has.
`tests.routers.test_subtitle_files` sends them what belongs together."""


def is_mismatch(status: int, url: str) -> bool:
    """Whether an answer says that a text is not what the engines hear."""
    return status == 422 and url.endswith(COMPARED_WITH_SPEECH)


def test_every_example_is_answered(ran: list[Ran]) -> None:
    assert len(ran) > 20
    requests = [(one.block.line, *status) for one in ran for status in one.statuses]
    assert len(requests) > 30
    refused = [
        request
        for request in requests
        if not 200 <= request[1] < 300 and not is_mismatch(request[1], request[2])
    ]
    assert refused == []
    assert all(one.statuses for one in ran), "an example that asks for nothing"


def test_no_example_ends_in_an_error(ran: list[Ran]) -> None:
    failed = re.compile(r'^(data: )?\{"error":', re.MULTILINE)
    good = [one for one in ran if not any(is_mismatch(*status) for status in one.statuses)]
    assert len(ran) - len(good) == len(COMPARED_WITH_SPEECH)
    assert [one.block for one in good if failed.search(one.output)] == []


def test_what_the_guide_shows_is_what_comes(ran: list[Ran]) -> None:
    outputs = {one.block: one.output for one in ran}
    compared = 0
    for block, following in zip(blocks_of(API), blocks_of(API)[1:], strict=False):
        between = "\n".join(API.read_text().splitlines()[_end(block) : following.line - 2])
        if block.kind != "sh" or re.search(r"^#", between, re.MULTILINE):
            continue
        if following.kind == "json":
            assert shape(json.loads(following.text)) == shape(json.loads(outputs[block]))
            compared += 1
        elif following.kind == "text":
            compare_streams(following.text, outputs[block])
            compared += 1
    assert compared == 2


def _end(block: Block) -> int:
    return block.line + block.text.count("\n")


def shape(value: Any) -> Any:
    """Return a value with types in the places of plain values, and one item for a list's."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def events_in(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def compare_streams(documented: str, came: str) -> None:
    """Compare the three events that the guide shows with those of the same kind that came."""
    whole = documented.replace("[...]", "[]").replace("{...}", "{}").replace(":...,", ":0,")
    first, cues, result = events_in(whole)
    events = events_in(came)
    assert shape(first) == shape(events[0])
    batches = [event for event in events if event.get("stage") == "subtitles"]
    assert shape(cues) == shape(batches[0])
    assert set(result["result"]) == set(events[-1]["result"])
    for name in ("cached", "formats"):
        assert set(result["result"][name]) == set(events[-1]["result"][name])
    for line in documented.split("\n\n"):
        assert re.fullmatch(r"id: \d+\ndata: .*\n?", line), line


def test_files_are_named_as_the_guide_says(ran: list[Ran]) -> None:
    for name in ("talk.es.srt", "voicemail.es.vtt", "speech.mp3", "headers.txt"):
        assert (ran[0].folder / name).stat().st_size, name


def test_the_live_example_hears(server: ServerProcess, tmp_path: Path) -> None:
    [block] = [block for block in blocks_of(API) if block.kind == "js"]
    script = tmp_path / "live.cjs"
    script.write_text(f"{_LIVE}{block.text}{_LIVE_END}")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    done = subprocess.run(
        ["node", script, f"127.0.0.1:{server.port}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["status"] == "final"
    assert {"text", "translatedText", "language"} <= set(result)


def test_the_pods_commands_work_with_a_key(keyed: ServerProcess, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "here")
    replaced = {"https://POD_ID-5001.proxy.runpod.net": keyed.url}
    shell = GuideShell(folder, {}, {"CUESTREAM_KEY": "the-key"}, replaced)
    ran = shell.run(run_blocks("docs/pod.md", __file__))
    assert [status for one in ran for status, _ in one.statuses] == [200, 200, 200]


def test_the_load_balancers_commands_work(
    server: ServerProcess, site: MediaServer, tmp_path: Path
) -> None:
    folder = prepared(tmp_path / "here")
    replaced = {"https://ENDPOINT_ID.api.runpod.ai": server.url, ADDRESS: site.url}
    shell = GuideShell(folder, {}, {"RUNPOD_API_KEY": "platform-key"}, replaced)
    asking, resuming = run_blocks("docs/load-balancer.md", __file__)
    ran = shell.run([asking, resuming])
    statuses = [status for one in ran for status, _ in one.statuses]
    assert statuses[:2] == [200, 200]
    assert statuses[2] in {200, 204}, "204 where the whole job was seen"
    assert len(statuses) == 3
    assert "result" in events_in(ran[0].output)[-1]


@pytest.fixture
def shim(tmp_path: Path) -> str:
    """A PATH on which `make serve` waits, since the server runs already."""
    programs = tmp_path / "programs"
    programs.mkdir()
    make = programs / "make"
    make.write_text('#!/bin/sh\n[ "$1" = serve ] && exec sleep 100\n')
    make.chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


def test_the_readmes_examples_work_from_top_to_bottom(
    server: ServerProcess, site: MediaServer, tmp_path: Path, shim: str
) -> None:
    folder = prepared(tmp_path / "here")
    hosts = {"localhost:5001": f"127.0.0.1:{server.port}"}
    page = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    replaced = {page: f"{site.url}/talk.mp4"}
    [ran] = GuideShell(folder, hosts, {"PATH": shim}, replaced).run(
        run_blocks("README.md", __file__)[:1]
    )
    assert [status for status, _ in ran.statuses] == [200, 200, 200], ran.output
    assert "-->" in (folder / "voicemail.es.srt").read_text()
    assert "result" in events_in(ran.output)[-1]


def test_the_readmes_way_to_a_gpu_works(keyed: ServerProcess, tmp_path: Path, shim: str) -> None:
    folder = prepared(tmp_path / "here")
    hosts = {"localhost:5001": f"127.0.0.1:{keyed.port}"}
    made = {"$(cat /proc/sys/kernel/random/uuid)": "the-key"}
    shell = GuideShell(folder, hosts, {"PATH": shim}, made)
    [ran] = shell.run(run_blocks("README.md", __file__)[1:])
    assert [status for status, _ in ran.statuses] == [200]
    assert "-->" in (folder / "voicemail.es.srt").read_text()


def test_keys_are_named_alike_everywhere() -> None:
    for name in ("README.md", "docs/pod.md"):
        text = (ROOT / name).read_text()
        assert "X-API-Key: $CUESTREAM_KEY" in text, name
    assert "Authorization: Bearer $RUNPOD_API_KEY" in (ROOT / "docs/load-balancer.md").read_text()


def test_the_readmes_figures_are_the_latest() -> None:
    figures = read_results(ROOT / "bench" / "results.json")
    assert read_part(PART, README) == "\n".join(readme_lines(figures))


@pytest.mark.parametrize("name", ["README.md", "docs/pod.md", "docs/load-balancer.md"])
def test_tier_4_is_explained_where_people_look(name: str) -> None:
    text = " ".join((ROOT / name).read_text().split())
    assert re.search(r"tier 4.*greyed out.*tier 1 or 2", text, re.IGNORECASE)
