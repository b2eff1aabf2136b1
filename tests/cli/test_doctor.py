"""`cuestream doctor`: every check finds what is broken and says what to do."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import machine_checks
from app.cli.machine_checks import CheckResult
from app.cli.main_command import cli
from app.cli.service_checks import service_checks
from app.settings import read_settings
from tests.chat_behaviours import refuses_key, says, status
from tests.chat_server import ChatServer
from tests.endpoint_server import Reply, called_server


def found(**settings: str) -> dict[str, CheckResult]:
    """Return what all checks find, by their names."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"ASR_DEVICE": "cpu", **settings}.items():
            patch.setenv(name, value)
        read = read_settings()
    results = [*machine_checks.machine_checks(read), *service_checks(read, calls=False)]
    return {result.name: result for result in results}


def assert_said(results: Mapping[str, CheckResult], name: str, state: str, *words: str) -> None:
    result = results[name]
    assert result.state == state, result
    assert result.advice, "nothing is said of what to do"
    for word in words:
        assert word in f"{result.message} {result.advice}", result


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ahead of all others on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def write_program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_every_item_is_checked() -> None:
    results = found()
    assert {
        "ffmpeg",
        "ffmpeg filters",
        "fonts",
        "GPU",
        "model",
        "yt-dlp",
        "JavaScript runtime",
        "disk (CACHE_DIR)",
        "disk (MODEL_CACHE_DIR)",
        "port",
        "API keys",
        "translator",
    } <= set(results)
    assert results["ffmpeg"].message.startswith("ffmpeg version")
    assert results["GPU"].state == "ok", "a server without a GPU is a good server"


def test_an_ffmpeg_without_a_filter_and_missing_fonts(programs: Path) -> None:
    write_program(programs, "ffmpeg", "echo ' T.. scale  V->V  Scale'; echo ' ... atempo A->A x'")
    write_program(programs, "fc-list", "echo 'DejaVu Sans'")
    results = found()
    assert_said(results, "ffmpeg filters", "broken", "subtitles", "loudnorm", "apt-get install")
    assert "scale" not in results["ffmpeg filters"].message
    assert_said(results, "fonts", "warning", "Noto Sans CJK JP", "fonts-noto-cjk")


def test_a_gpu_that_is_wanted_and_not_there_and_a_library_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine_checks, "cuda_devices", lambda: 0)
    monkeypatch.setattr(machine_checks, "gpu_info", lambda _: None)
    assert_said(found(ASR_DEVICE="cuda"), "GPU", "broken", "ASR_DEVICE")
    monkeypatch.setattr(machine_checks, "cuda_devices", lambda: 1)
    monkeypatch.setattr(machine_checks, "cublas_installed", lambda: True)
    monkeypatch.setattr(machine_checks, "_has_cudnn", lambda: False)
    results = found()
    assert results["cuBLAS"].state == "ok"
    assert_said(results, "cuDNN", "broken", "cuestream[gpu]")


def test_a_model_that_is_damaged(tmp_path: Path) -> None:
    """Its files are links to files that are called by their checksums, as in the hub's cache."""
    model = tmp_path / "model"
    model.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        content = name.encode()
        blob = tmp_path / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (model / name).symlink_to(blob)
    assert found(WHISPER_MODEL=str(model))["model"].state == "ok"
    (model / "model.bin").resolve().write_bytes(b"other")
    assert_said(found(WHISPER_MODEL=str(model)), "model", "broken", "model.bin", "models fetch")


def test_an_old_ytdlp_and_no_javascript(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "version", lambda _: "2024.01.02")
    results = found(YTDLP_JS_RUNTIME="deno:/nowhere/deno")
    assert_said(results, "yt-dlp", "warning", "days old", "pip install --upgrade yt-dlp")
    assert_said(results, "JavaScript runtime", "warning", "/nowhere/deno", "install")


def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=2**20)
    monkeypatch.setattr(machine_checks.shutil, "disk_usage", lambda _: usage)
    results = found(CACHE_DIR=str(tmp_path / "not" / "made"))
    assert_said(results, "disk (CACHE_DIR)", "broken", "1 MiB free", "CACHE_DIR")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("setting", ["PORT", "PORT_HEALTH", "WYOMING_PORT"])
def test_ports_that_are_taken(taken: int, setting: str) -> None:
    results = found(**{"HOST": "127.0.0.1", setting: str(taken)})
    name = "port" if setting == "PORT" else f"port ({setting})"
    assert_said(results, name, "warning", str(taken), f"set {setting}")


def test_what_is_broken_is_red_and_its_advice_beside_it(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(programs, "ffmpeg", "exit 1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = CliRunner().invoke(cli, ["doctor", "--no-calls"], color=True)
    assert shown.exit_code == 8
    assert re.search(r"\x1b\[1;31mbroken\s+\x1b\[0m\S* ffmpeg: ", shown.stdout), shown.stdout
    assert "\x1b[32mok" in shown.stdout
    assert "apt-get install ffmpeg" in shown.stdout
    plain = CliRunner().invoke(cli, ["doctor", "--no-calls", "--json"])
    events = [json.loads(line) for line in plain.stdout.splitlines()]
    assert events[-1] == {"event": "ended", "exit_code": 8}
    assert all({"name", "state", "message", "advice"} <= set(each) for each in events[:-1])


def asked(*options: str, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command with some settings; return its exit code and its events."""
    variables = {"ASR_DEVICE": "cpu", **settings}
    done = CliRunner().invoke(cli, ["doctor", "--json", *options], env=variables)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def check_named(name: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    [event] = [event for event in events if event.get("name") == name]
    return event


@pytest.mark.parametrize(
    ("behaviour", "state", "said"),
    [
        (says("Hi"), "ok", "one token"),
        (refuses_key(401), "broken", "SERVER_API_KEY"),
        (status(402), "broken", "credit"),
        (status(404), "broken", "SERVER_MODEL"),
    ],
    ids=["good", "wrong-key", "no-credit", "no-model"],
)
def test_the_doctor_asks_a_language_model_for_one_token(
    behaviour: Any, state: str, said: str
) -> None:
    with ChatServer() as model:
        model.behaviour = behaviour
        settings = {
            "TRANSLATION_PROVIDER": "openai",
            "SERVER_API_URL": model.url,
            "SERVER_API_KEY": "sk-secret-key",
            "SERVER_MODEL": "test-model",
        }
        code, events = asked(**settings)
        assert len(model.calls) == 1
        assert model.calls[0].headers["authorization"] == "Bearer sk-secret-key"
        limits = {"max_tokens", "max_completion_tokens"} & set(model.calls[0].body)
        assert [model.calls[0].body[name] for name in limits] == [1]
        found = check_named("translator (openai, test-model)", events)
        assert found["state"] == state
        assert said in f"{found['message']} {found['advice']}"
        assert "sk-secret-key" not in json.dumps(events)
        if state == "broken":
            assert code == 8
        _, silent = asked("--no-calls", **settings)
        assert len(model.calls) == 1
        assert check_named("translator (openai, test-model)", silent)["state"] == "ok"


@pytest.mark.parametrize(
    "wrong",
    [
        {"SERVER_API_URL": "http://127.0.0.1:9/v1"},
        {"SERVER_API_KEY": "kéy"},
    ],
    ids=["nobody-there", "no-key-at-all"],
)
def test_the_doctor_outlives_settings_that_lead_nowhere(wrong: dict[str, str]) -> None:
    settings = {
        "TRANSLATION_PROVIDER": "openai",
        "SERVER_API_URL": "http://127.0.0.1:9/v1",
        "SERVER_API_KEY": "sk-secret-key",
        "SERVER_MODEL": "test-model",
        **wrong,
    }
    code, events = asked(**settings)
    assert code in (2, 8), events
    assert events[-1]["event"] == "ended"


def test_the_doctor_does_not_take_a_web_page_for_a_model() -> None:
    with called_server(lambda _: Reply(b"<html>It works!</html>")) as page:
        settings = {
            "TRANSLATION_PROVIDER": "openai",
            "SERVER_API_URL": f"{page.url}/v1",
            "SERVER_API_KEY": "sk-secret-key",
            "SERVER_MODEL": "test-model",
        }
        _, events = asked(**settings)
    assert check_named("translator (openai, test-model)", events)["state"] == "broken"
