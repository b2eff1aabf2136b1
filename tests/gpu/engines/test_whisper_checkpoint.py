"""Loading Whisper: where models come from, and what is said when they cannot be had."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineLoadError
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.engine_registry import TRANSCRIBERS, load_engine
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from tests.conftest import read_samples
from tests.gpu.whisper_fixtures import settings_for, window
from tests.real_models import TINY_ENGLISH, whisper_folder

LOAD = """
import sys
from app.domain.errors import EngineLoadError
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.settings import Settings
try:
    print(WhisperxTranscriber(Settings()).detail)
except EngineLoadError as error:
    sys.exit(error.message)
"""
"""Run in a process of its own, since huggingface_hub reads its environment when it is imported."""


def load_elsewhere(**environment: str) -> subprocess.CompletedProcess[str]:
    base = {"ASR_DEVICE": "cpu", "PATH": os.environ["PATH"], "HOME": environment.pop("HOME", "/")}
    return subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**base, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(folder: Path, **whisper: object) -> str:
    with pytest.raises(EngineLoadError) as caught:
        WhisperxTranscriber(settings_for(folder, **whisper))
    assert f"{folder.parent}/" not in caught.value.message, "messages hold no path"
    return caught.value.message


@pytest.fixture
def broken(scripted_whisper: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(scripted_whisper, tmp_path / "copy"))


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_importing_the_engine_loads_nothing_heavy() -> None:
    code = (
        "import sys, app.gpu.engines.whisperx; "
        "print([m for m in ('torch', 'ctranslate2', 'whisperx', 'faster_whisper', 'tokenizers', "
        "'huggingface_hub') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
def test_the_registry_names_it(scripted_whisper: Path) -> None:
    engine = load_engine(TRANSCRIBERS, "whisperx", settings_for(scripted_whisper))
    assert isinstance(engine, WhisperxTranscriber)


@pytest.mark.gpu
def test_a_size_name_is_found_in_the_cache_folder(scripted_whisper: Path, tmp_path: Path) -> None:
    repository = tmp_path / "cache" / "models--mobiuslabsgmbh--faster-whisper-large-v3-turbo"
    shutil.copytree(scripted_whisper, repository / "snapshots" / "0123abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abc")
    done = load_elsewhere(
        WHISPER_MODEL="turbo",
        MODEL_CACHE_DIR=str(tmp_path / "cache"),
        HF_HUB_OFFLINE="1",
        HOME=str(tmp_path),
    )
    assert done.stdout.strip() == "turbo, int8_float32", done.stderr


@pytest.mark.gpu
def test_no_hub_is_a_clear_end(tmp_path: Path) -> None:
    done = load_elsewhere(
        WHISPER_MODEL="large-v3", HF_ENDPOINT="http://127.0.0.1:9", HOME=str(tmp_path)
    )
    assert done.returncode == 1
    assert "The model 'large-v3' is not on this machine" in done.stderr
    assert "run `python -m app.models fetch large-v3` where there is a network" in done.stderr
    assert "the hub cannot be reached" in done.stderr
    assert "let WHISPER_MODEL name a local folder" in done.stderr


@pytest.mark.gpu
def test_a_hub_that_hangs_up_is_an_early_end(tmp_path: Path) -> None:
    calls = 0

    def hang_up() -> None:
        nonlocal calls
        with suppress(OSError):  # the hub is closed
            while True:
                connection, _ = hub.accept()
                calls += 1
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as hub:
        threading.Thread(target=hang_up, daemon=True).start()
        address = f"http://127.0.0.1:{hub.getsockname()[1]}"
        done = load_elsewhere(WHISPER_MODEL="large-v3", HF_ENDPOINT=address, HOME=str(tmp_path))
    assert "the hub cannot be reached" in done.stderr
    assert 1 <= calls <= 3, "it goes on trying"


@contextmanager
def hub_that_refuses() -> Iterator[tuple[str, list[str]]]:
    """A hub on loopback that knows no model; yields its address and the tokens that it saw."""
    tokens: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", tokens
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.gpu
def test_a_hub_that_refuses_gets_our_token_and_a_hint_comes_back(tmp_path: Path) -> None:
    with hub_that_refuses() as (address, tokens):
        done = load_elsewhere(
            WHISPER_MODEL="someone/private",
            HF_ENDPOINT=address,
            HF_TOKEN="hf_abcdefgh",
            HOME=str(tmp_path),
        )
    assert "HF_TOKEN may not read it" in done.stderr
    assert "hf_abcdefgh" not in done.stderr
    assert "Bearer hf_abcdefgh" in tokens


@pytest.mark.gpu
def test_names_that_are_nothing() -> None:
    message = refused(Path("gigantic"))
    assert "neither a folder, nor a hub id" in message
    assert "large-v3" in message
    assert "distil-large-v3" in message


@pytest.mark.gpu
def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "a folder that does not exist: whisper" in refused(tmp_path / "whisper")


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_folder_that_lacks_a_file(broken: Path, name: str) -> None:
    (broken / name).unlink()
    message = refused(broken)
    assert f"lacks {name}" in message
    assert "ct2-transformers-converter" in message


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "vocabulary.json"])
def test_a_file_that_is_cut_off(broken: Path, name: str) -> None:
    content = (broken / name).read_bytes()
    (broken / name).write_bytes(content[: len(content) // 3])
    assert "cannot be loaded" in refused(broken)


@pytest.mark.gpu
def test_a_tokenizer_of_another_model(broken: Path) -> None:
    from tokenizers import Tokenizer, models

    Tokenizer(models.BPE()).save(str(broken / "tokenizer.json"))
    assert "tokenizer is not Whisper's" in refused(broken)


@pytest.mark.gpu
def test_what_the_model_lacks_shows_at_boot(broken: Path) -> None:
    edit(broken / "config.json", lambda config: config.update(lang_ids=[]))
    assert "set WHISPER_LANGUAGE" in refused(broken)
    engine = WhisperxTranscriber(settings_for(broken, language="en"))
    assert transcribe_windows(engine, [window(hz=6000)])[0][0].language == "en"
    edit(broken / "config.json", lambda config: config.pop("alignment_heads"))
    assert "alignment_heads" in refused(broken, language="en")


@pytest.mark.gpu
def test_settings_that_do_not_fit_the_model(scripted_whisper: Path) -> None:
    assert "WHISPER_LANGUAGE: The speech model does not know" in refused(
        scripted_whisper, language="tlh"
    )
    assert "float16" in refused(scripted_whisper, compute_type="float16")


@pytest.mark.gpu
def test_an_english_model_hears_english_alone(dialogue: Path) -> None:
    folder = whisper_folder(TINY_ENGLISH)
    engine = WhisperxTranscriber(settings_for(folder))
    assert engine.languages == ("en",)
    audio = Audio(read_samples(dialogue)[: 8 * SAMPLE_RATE_HZ])
    [[first, *_], [british, *_]] = transcribe_windows(
        engine, [Window(audio), Window(audio, "en-GB")]
    )
    assert (first.language, british.language) == ("en", "en-GB")
    assert first.text == british.text
    assert first.text.endswith("the height of the river every morning.")
    assert "WHISPER_LANGUAGE" in refused(folder, language="es")
