"""What the page says of a server that loads, is busy, wants a key or is gone, and of no speech."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, expect

from tests.chat_server import ChatServer
from tests.clients.browser import NEEDS_BROWSER, page_in
from tests.clients.held_engines import held_server
from tests.conftest import write_wav
from tests.server import DEAF, ServerProcess, free_port

pytestmark = NEEDS_BROWSER

LISTENER = "tests.audio_engines:application()"


def tone(path: Path, hertz: int) -> Path:
    """Write three seconds that a scripted engine takes for speech."""
    times_s = np.arange(48_000, dtype=np.float32) / 16_000
    write_wav(path, (0.3 * np.sin(2 * np.pi * hertz * times_s)).astype(np.float32))
    return path


def state(page: Page, name: str) -> None:
    expect(page.locator("#health")).to_have_attribute("data-state", name, timeout=90_000)


def test_a_file_without_speech(browser: Browser, server: ServerProcess, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    write_wav(silent, np.zeros(64_000, np.float32))
    with page_in(browser, server) as page:
        page.set_input_files("#file", silent)
        expect(page.locator(".problem strong")).to_have_text("No speech was found", timeout=60_000)
        expect(page.locator(".problem code")).to_have_text("no_speech")
        expect(page.locator(".problem")).to_contain_text("that somebody speaks in it")
        page.select_option("#language", "de")
        expect(page.locator(".problem strong")).to_have_text("Keine Sprache gefunden")
        expect(page.locator(".problem")).to_contain_text("ob die Datei Ton hat")


def test_models_that_load_are_said_to_load(browser: Browser, tmp_path: Path) -> None:
    hold = tmp_path / "cache" / "hold"
    hold.parent.mkdir()
    hold.touch()
    server = ServerProcess(tmp_path, {}, LISTENER)
    try:
        server.wait_listening()
        with page_in(browser, server) as page:
            state(page, "loading")
            expect(page.locator("#health")).to_have_text("Loading models")
            page.click("#views a[href='#server']")
            expect(page.locator(".panel").first).to_contain_text("Transcription")
            expect(page.locator(".panel").first).to_contain_text("loading")
            hold.unlink()
            state(page, "ready")
            expect(page.locator("#health")).to_have_text("Ready")
    finally:
        hold.unlink(missing_ok=True)
        server.stop()


def test_a_waiting_job_says_where_it_stands(browser: Browser, tmp_path: Path) -> None:
    held = held_server(tmp_path, MAX_JOBS="1")
    try:
        held.hold()
        with page_in(browser, held.server) as page:
            page.set_input_files("#file", tone(tmp_path / "first.wav", 220))
            expect(page.locator(".status")).to_contain_text("Transcribing", timeout=60_000)
            page.click("#views a[href='#new']")
            page.set_input_files("#file", tone(tmp_path / "second.wav", 330))
            expect(page.locator(".status")).to_have_text(
                re.compile(
                    r"In the queue: 1 jobs wait, 1 of them yours · engines busy for about \d"
                )
            )
            video = page.locator("video")  # which plays all the same
            assert video.evaluate("video => video.play().then(() => video.duration)") == 3
            _see_the_queue(page)
            held.release()
            first = page.locator("tr").filter(has_text="first.wav")
            expect(first).to_have_attribute("data-state", "done")
            first.locator("a").click()
            expect(page.locator(".job[data-state=done]")).to_be_visible()
    finally:
        held.release()
        held.server.stop()


def _see_the_queue(page: Page) -> None:
    """Look at the jobs that run and wait, and cancel the one that waits."""
    page.click("#views a[href='#jobs']")
    expect(page.locator("tr").filter(has_text="first.wav")).to_have_attribute(
        "data-state", "running"
    )
    second = page.locator("tr").filter(has_text="second.wav")
    expect(second).to_have_attribute("data-state", "queued")
    second.get_by_role("button", name="Cancel job").click()
    expect(second).to_have_attribute("data-state", "failed")
    expect(second).to_contain_text("Cancelled")


def drop(page: Page, path: Path) -> None:
    """Drop a file where the page takes it."""
    made = page.evaluate_handle(
        """([name, base64]) => {
          const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], name, {type: 'audio/wav'}));
          return data;
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    page.dispatch_event(".drop", "dragover", {"dataTransfer": made})
    expect(page.locator(".drop.over")).to_be_visible()
    page.dispatch_event(".drop", "drop", {"dataTransfer": made})


def test_a_key_is_asked_for_once(browser: Browser, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, {**DEAF, "API_KEYS": "right"})
    try:
        server.wait_ready()
        with page_in(browser, server) as page:
            page.fill("#key-field", "wrong")
            page.click("#key-dialog .main")
            expect(page.locator("#key-reason")).to_have_text("The server does not know this key.")
            page.fill("#key-field", "right")
            page.click("#key-dialog .main")
            expect(page.locator("[name=profile] option").first).to_be_attached()
            for view in ("jobs", "server", "operations"):
                page.click(f"#views a[href='#{view}']")
                expect(page.locator("main h1")).to_be_visible()
            page.reload()
            expect(page.locator(".operation")).to_be_visible()
            expect(page.locator("#key-dialog")).to_be_hidden()
            kept = page.evaluate(
                "[sessionStorage['cuestream.key'], Object.values(localStorage).join()]"
            )
            assert kept[0] == '"right"'
            assert "right" not in kept[1]
    finally:
        server.stop()


def test_a_server_that_is_gone_comes_back(browser: Browser, tmp_path: Path) -> None:
    settings = {**DEAF, "PORT": str(free_port())}
    servers = [ServerProcess(tmp_path, settings)]
    try:
        servers[0].wait_ready()
        with page_in(browser, servers[0]) as page:
            state(page, "ready")
            servers[0].stop()
            state(page, "gone")
            page.click("#views a[href='#jobs']")
            expect(page.locator("#banner")).to_contain_text("The server cannot be reached.")
            servers.append(ServerProcess(tmp_path, settings))
            servers[1].wait_ready()
            state(page, "ready")
            page.click("#views a[href='#new']")
            expect(page.locator("#banner")).to_be_hidden()
            expect(page.locator("[name=profile] option").first).to_be_attached()
    finally:
        for server in servers:
            server.stop()


def test_what_is_chosen_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, {"ENABLE_DIARIZATION": "true"}, LISTENER)
    try:
        server.wait_ready()
        with page_in(browser, server) as page:
            page.fill("[name=num_speakers]", "2")
            page.select_option("[name=source_lang]", "en")
            page.select_option("[name=target_lang]", "es")
            page.select_option("[name=profile]", "netflix")
            with page.expect_request("**/run") as asking:
                drop(page, tone(tmp_path / "tone.wav", 220))
            asked = json.loads(asking.value.post_data or "")["input"]
            assert (asked["num_speakers"], asked["diarize"]) == (2, True)
            assert (asked["source_lang"], asked["target_lang"]) == ("en", "es")
            assert asked["profile"] == "netflix"
            expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=60_000)
    finally:
        server.stop()


def test_the_panel_says_what_runs_here_and_what_it_has_cost(
    browser: Browser, tmp_path: Path
) -> None:
    with ChatServer() as chat:
        translated = {
            "TRANSLATION_PROVIDER": "openai",
            "SERVER_API_KEY": "sk-test",
            "SERVER_API_URL": chat.url,
            "SERVER_MODEL": "test-model",
            "TRANSLATION_PRICE_INPUT_USD": "1000",
            "TRANSLATION_PRICE_OUTPUT_USD": "1000",
        }
        server = ServerProcess(tmp_path, translated, LISTENER)
        try:
            server.wait_ready()
            with page_in(browser, server) as page, server.client() as client:
                page.click("#views a[href='#server']")
                cost = page.locator("[data-name=cost] dd")
                expect(cost).to_have_text(["–", "0"])
                captions = [{"start": 0, "end": 2000, "text": "Where do you want to go?"}]
                body = {"captions": captions, "captions_lang": "en", "target_lang": "es"}
                assert client.post("/api/process", json=body).status_code == 200
                used = client.get("/api/usage").json()
                assert used["requests"] > 0
                assert used["cost_usd"] > 0
                # The open panel follows.
                paid = re.compile(re.escape(f"${used['cost_usd']:.4f}"[:5]))
                expect(cost).to_have_text([paid, str(used["requests"])])
                _check_panels(page, client)
        finally:
            server.stop()


def _check_panels(page: Page, client: httpx.Client) -> None:
    """Compare the panel with what the server says of itself."""
    health, version = client.get("/health").json(), client.get("/api/version").json()
    engines = page.locator("[data-name=engines]")
    told = [part for each in health["engines"] for part in (each["name"], each["detail"])]
    assert "listener" in told
    assert any("test-model" in part for part in told if part), told
    for engine in health["engines"]:
        for shown in (engine["name"], engine["detail"], engine["device"]):
            if shown and engine["state"] != "disabled":
                expect(engines).to_contain_text(shown)
    expect(page.locator("[data-name=device] dt")).to_have_text("CPU")
    expect(page.locator("[data-name=queue] dt")).to_have_text(
        ["Running", "Queued", "Predicted wait", "Live"]
    )
    expect(page.locator("[data-name=queue] dd")).to_have_text(["0", "0", re.compile(r"\d"), "0"])
    expect(page.locator("[data-name=versions] dd")).to_have_text(
        [version["version"], version["yt_dlp"], version["platform"]]
    )
    page.click("#views a[href='#jobs']")
    page.click("#views a[href='#server']")
    kept = client.get("/cache").json()["summary"]
    cache = page.locator("[data-name=cache]")
    expect(cache.locator("dt").first).to_have_text("Files")
    expect(cache.locator("dd").first).to_have_text(str(kept["total_files"]))
    expect(cache).to_contain_text(f"Translations{kept['by_type']['translations']}")
