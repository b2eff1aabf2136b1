"""The page in Debian's Chromium against the real server, which hears with a real Whisper."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from app.domain.error_advice import ADVICE
from app.services.operations.activity import MESSAGES, OwnActivity
from app.services.operations.operation_fields import operation_fields
from app.services.operations.operation_table import OPERATIONS
from app.services.render.formats import FORMATS
from tests.clients.browser import NEEDS_BROWSER, chromium
from tests.server import ROOT, ServerProcess

pytestmark = NEEDS_BROWSER

KEY = "a-key-for-the-page"
VIEWS = ("#new", "#jobs", "#live", "#operations", "#server")
AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
_ORDER = """
new MutationObserver(() => {
  const job = document.querySelector('.job');
  const row = document.querySelector('.cues li');
  const text = document.querySelector('video')?.textTracks[0]?.cues?.length;
  const now = job?.dataset.state;
  if (row && text && !window.order.includes('cue')) window.order.push('cue');
  if (now === 'done' && !window.order.includes('done')) window.order.push('done');
}).observe(document, {subtree: true, childList: true, attributes: true});
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path_factory.mktemp("page"), {"API_KEYS": KEY, "TRANSLATION_PROVIDER": "embedded"}
    )
    server.wait_ready()
    yield server
    server.stop()


class CutNetwork(socketserver.ThreadingTCPServer):
    """A way to the server that can be cut: open connections break, new ones are closed at once."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Way)
        self.port = port
        self.is_cut = False
        self.ways: list[socket.socket] = []
        self.resumed: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for way in self.ways:
            with suppress(OSError):
                way.shutdown(socket.SHUT_RDWR)
        self.ways.clear()


class _Way(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, CutNetwork)
        if self.server.is_cut:
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as far:
            self.server.ways += [self.request, far]
            back = threading.Thread(target=_carry, args=(far, self.request), daemon=True)
            back.start()
            _carry(self.request, far)
            back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def network(served: ServerProcess) -> Iterator[CutNetwork]:
    network = CutNetwork(served.port)
    yield network
    network.shutdown()
    network.server_close()


@pytest.fixture(scope="module")
def context(network: CutNetwork) -> Iterator[BrowserContext]:
    with chromium() as browser:
        url = f"http://127.0.0.1:{network.server_address[1]}"
        yield browser.new_context(base_url=url, locale="en-GB")


@pytest.fixture(scope="module")
def page(context: BrowserContext) -> Iterator[Page]:
    """One page that has given a wrong key, then the right one."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.add_init_script(f"window.order = []; {_ORDER}")
    page.goto("/")
    page.fill("#key-field", "wrong")
    page.click("#key-dialog .main")
    expect(page.locator("#key-reason")).to_have_text("The server does not know this key.")
    page.fill("#key-field", KEY)
    page.click("#key-dialog .main")
    expect(page.locator("select[name=profile] option").first).to_be_attached()
    yield page
    origin = page.evaluate("location.origin")
    assert asked
    assert [url for url in asked if not url.startswith((f"{origin}/", f"blob:{origin}/"))] == []


@pytest.fixture(scope="module")
def done(page: Page, network: CutNetwork, brief_talk: Path) -> Page:
    """The page with a job that has ended, whose connection was cut after its first cue."""
    page.evaluate("window.order = []")
    page.click("#views a[href='#new']")
    page.select_option("[name=target_lang]", "es")
    page.set_input_files("#file", brief_talk)
    expect(page.locator(".cues li").first).to_be_visible(timeout=120_000)
    network.cut()
    expect(page.locator(".job")).to_have_attribute("data-connection", "cut", timeout=60_000)
    page.on("request", lambda request: network.resumed.append(_last_event_id(request)))
    network.is_cut = False
    expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=120_000)
    return page


def test_a_jump_comes_next_and_a_job_is_cancelled(page: Page, long_talk: Path) -> None:
    page.set_input_files("#file", long_talk)
    expect(page.locator(".cues li").first).to_be_visible(timeout=120_000)
    with page.expect_request("**/position") as moving:
        page.evaluate(
            "video => { video.currentTime = video.duration / 2 }", page.query_selector("video")
        )
    position_s = json.loads(moving.value.post_data or "")["position_s"]
    assert position_s == pytest.approx(page.evaluate("document.querySelector('video').currentTime"))
    page.get_by_text("Cancel job").click()
    expect(page.locator(".problem strong")).to_have_text("Cancelled")
    page.click("#views a[href='#jobs']")
    expect(page.locator("tr").nth(1)).to_contain_text("Cancelled", timeout=60_000)


def test_the_first_cue_is_on_the_video_before_the_job_is_done(done: Page) -> None:
    assert done.evaluate("window.order") == ["cue", "done"]
    kinds = done.evaluate("[...document.querySelector('video').textTracks].map(t => t.mode)")
    assert kinds == ["hidden", "showing"]
    counts = done.evaluate(
        "[...document.querySelector('video').textTracks].map(t => t.cues.length)"
    )
    assert counts[0] == done.locator(".cues li").count() > 5


def _last_event_id(request: Request) -> str:
    return request.headers.get("last-event-id", "")


def test_a_cut_connection_is_survived_and_shown(done: Page, network: CutNetwork) -> None:
    assert any(map(str.isdecimal, network.resumed))
    expect(done.locator(".job")).to_have_attribute("data-connection", "resumed")
    expect(done.locator(".link")).to_have_text(re.compile(r"resumed after event \d+"))
    ids = done.eval_on_selector_all(".cues li", "rows => rows.map(row => row.dataset.id)")
    assert len(ids) == len(set(ids))


def test_source_translation_or_both(done: Page) -> None:
    shown = done.locator(".tools select")
    for choice, modes in (("source", ["showing", "hidden"]), ("both", ["showing", "showing"])):
        shown.select_option(choice)
        assert modes == done.evaluate(
            "[...document.querySelector('video').textTracks].map(t => t.mode)"
        )


def test_a_click_seeks(done: Page) -> None:
    done.locator(".cues li button").nth(3).click()
    start = done.evaluate("document.querySelector('video').textTracks[0].cues[3].startTime")
    assert done.evaluate("document.querySelector('video').currentTime") == pytest.approx(start)
    expect(done.locator(".cues li").nth(3)).to_have_attribute("aria-current", "true")


def test_a_file_is_downloaded(done: Page, brief_talk: Path) -> None:
    offered = done.locator(".menu option").evaluate_all("all => all.map(each => each.value)")
    assert set(FORMATS) <= set(offered)
    done.select_option(".menu select", "srt")
    with done.expect_download() as downloading:
        done.click(".menu button.main")
    text = Path(downloading.value.path()).read_text()
    assert downloading.value.suggested_filename == brief_talk.with_suffix(".srt").name
    assert text.count(" --> ") == done.locator(".cues li").count()


def test_a_second_tab_lists_and_reopens_the_job(done: Page, context: BrowserContext) -> None:
    second = context.new_page()
    second.goto("/")
    second.fill("#key-field", KEY)
    second.click("#key-dialog .main")
    second.click("#views a[href='#jobs']")
    second.click("tr[data-state=done] a")
    rows = second.locator(".cues li")
    expect(rows).to_have_count(done.locator(".cues li").count())
    second.close()


def test_edited_cues_are_shown_saved_downloaded_and_kept(
    context: BrowserContext, dialogue: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.add_init_script(f"sessionStorage.setItem('cuestream.key', JSON.stringify('{KEY}'))")
    tab.goto("/")
    tab.select_option("[name=target_lang]", "es")
    tab.set_input_files("#file", dialogue)
    expect(tab.locator(".job[data-state=done]")).to_be_visible(timeout=120_000)
    count = tab.locator(".cues li").count()
    tab.get_by_role("button", name="Edit cues").click()
    field = tab.locator("cue-editor .detail [name=text]")
    first = tab.locator(".cues li").first.locator(".text")
    before = first.inner_text()
    expect(field).to_have_value(before)
    shown = "document.querySelector('video').textTracks[0].cues[0].text"
    field.fill("The river <b>&</b> its height")
    expect(first).to_have_text("The river <b>&</b> its height")
    assert tab.evaluate(shown) == "The river &lt;b&gt;&amp;&lt;/b&gt; its height"
    tab.locator("cue-editor .tools button[name=undo]").click()
    expect(first).to_have_text(before)
    assert tab.evaluate(shown) == before
    field.fill("The river is high")
    tab.select_option(".menu select", "srt:bilingual")
    with tab.expect_download() as downloading:  # what was typed just now is in it
        tab.click(".menu button.main")
    text = Path(downloading.value.path()).read_text()
    assert "The river is high" in text
    assert text.count(" --> ") == count
    tab.screenshot(path=tmp_path / "edited.png", full_page=True)
    tab.select_option("#language", "de")
    expect(tab.locator("cue-editor .tools button[name=undo]")).to_have_text("Rückgängig")
    expect(tab.locator(".status").first).to_contain_text("Fertig")
    expect(tab.locator(".menu button.main")).to_have_text("Herunterladen")
    tab.reload()
    expect(first).to_have_text("The river is high")
    expect(tab.locator(".cues li")).to_have_count(count)
    tab.select_option("#language", "en")
    tab.close()
    assert [text for text in said if "Failed to load resource" not in text] == []


def test_a_deleted_job_of_the_queue_stops_when_its_owner_stops_reading(
    served: ServerProcess, long_talk: Path
) -> None:
    with served.client() as client:
        client.headers["X-API-Key"] = KEY
        with long_talk.open("rb") as file:
            tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(long_talk.stat().st_size)}
            place = client.post("/api/uploads", headers=tus).headers["location"]
            part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            client.patch(place, headers={**tus, **part}, content=file.read())
        upload_id = place.rsplit("/", 1)[1]
        asked = {"upload_id": upload_id, "force_refresh": True}
        job = client.post("/run", json={"input": asked}).json()["id"]
        with client.stream("GET", f"/api/jobs/{job}/events") as events:
            next(line for line in events.iter_lines() if '"transcribing"' in line)
            gone = client.delete(f"/api/jobs/{job}").json()
            assert gone["cancelled"] is True
        deadline = time.monotonic() + 60
        while (told := client.get(f"/api/jobs/{job}").json())["state"] in {"running", "stopping"}:
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        assert told["state"] == "failed"
        assert client.get(f"/status/{job}").json()["status"] == "CANCELLED"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(done: Page, theme: str) -> None:
    done.select_option("#theme", theme)
    done.evaluate(AXE.read_text())
    for view in ("", *VIEWS):
        if view:
            done.click(f"#views a[href='{view}']")
            done.wait_for_selector(f"#views a[href='{view}'][aria-current]")
            done.wait_for_selector("main h1")
        else:
            done.wait_for_selector(".job")
        found = done.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        assert serious == [], view
    done.go_back()
    for _ in VIEWS[1:]:
        done.go_back()
    done.wait_for_selector(".job[data-state=done]")


def test_all_languages_have_all_texts() -> None:
    table = json.loads((ROOT / "app" / "web" / "texts.json").read_text("utf-8"))
    assert table["languages"] == ["en", "de", "es", "fr", "pt", "ja", "zh"]
    for key, texts in table["texts"].items():
        assert len(texts) == 7, key
        assert all(texts), key
        names = [sorted(re.findall(r"\{\w+\}", text)) for text in texts]
        assert all(each == names[0] for each in names), key
    for operation in OPERATIONS.values():
        assert f"op_{operation.name}" in table["texts"]
        for field in operation_fields(operation):
            shown = {field.name, *(each.name for each in field.items if each.kind == "number")}
            assert {f"field_{name}" for name in shown - {"edited"}} <= set(table["texts"])
    activities = {*get_args(OwnActivity), *MESSAGES}
    assert {f"stage_{each}" for each in activities} <= set(table["texts"])
    helps = (ROOT / "app" / "web" / "error-help.js").read_text("utf-8")
    assert set(re.findall(r"(help_[a-z]+):", helps)) <= set(table["texts"])
    assert set(re.findall(r'"([a-z_]+)"', helps)) - {"unreachable"} <= set(ADVICE)
    sources = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "app" / "web").glob("*.*")
        if path.suffix != ".json"
    )
    used = re.findall(r'\b(?:t|labelled|panel)\("([a-z_]+)"|data-t(?:-label)?="([a-z_]+)"', sources)
    assert {first or second for first, second in used} <= set(table["texts"])


def test_the_page_is_small() -> None:
    own = (path for path in (ROOT / "app" / "web").glob("*.*") if path.is_file())
    assert sum(path.stat().st_size for path in own) < 150_000


def test_modules_are_well_formed(tmp_path: Path) -> None:
    for path in (ROOT / "app" / "web").glob("*.js"):
        copy = tmp_path / f"{path.stem}.mjs"
        copy.write_bytes(path.read_bytes())
        subprocess.run(["node", "--check", copy], check=True)


def test_files_are_served_by_their_hash(served: ServerProcess) -> None:
    with served.client() as client:
        first = client.get("/")
        policy = first.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert first.headers["x-content-type-options"] == "nosniff"
        again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/web/main.js").headers["content-type"].startswith("text/javascript")
        for outside in ("/web/../main.py", "/web/%2e%2e/main.py", "/web/nothing.js"):
            assert client.get(outside).status_code == 404
        assert client.get("/api/options").status_code == 401
