"""What travels until the page and its editor are open, measured in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.conftest import StartServer
from tests.editor_page import chromium
from tests.server import DEAF, ROOT, ServerProcess

_MOST_BYTES = 120_000
_WEB = ROOT / "app" / "web"


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def _job(server: ServerProcess) -> str:
    cues = [{"start": 1000, "end": 3500, "text": "Where do you want to go today?"}]
    with server.client() as client:
        answer = client.post("/api/process", json={"captions": cues, "captions_lang": "en"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])


def test_the_page_with_its_editor_travels_compressed(
    server: ServerProcess, browser: Browser
) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    finished: list[Request] = []
    page.on("requestfinished", finished.append)
    page.goto(f"{server.url}/#job/{_job(server)}")
    page.get_by_role("button", name="Edit cues").click()
    expect(page.locator("cue-editor .row").first).to_be_visible()
    page.locator("cue-editor .status[data-state=saved]").wait_for()
    files = [each for each in finished if _is_file(each, server)]
    total = plain = 0
    for each in files:
        answer = each.response()
        assert answer is not None
        assert answer.status == 200, each.url
        sizes = each.sizes()
        total += sizes["responseHeadersSize"] + sizes["responseBodySize"]
        plain += len(answer.body())
        if len(answer.body()) > 1000:
            assert answer.header_value("content-encoding") == "gzip", each.url
    print(f"{len(files)} files, {plain} bytes, of which {total} travel")
    assert {"main.js", "cue-editor.js", "editor.css", "texts.json"} <= {
        each.url.rsplit("/", 1)[-1] for each in files
    }
    assert plain > 150_000
    assert total < _MOST_BYTES
    finished.clear()
    page.reload()
    page.get_by_role("button", name="Edit cues").wait_for()
    again = sum(each.sizes()["responseBodySize"] for each in finished if _is_file(each, server))
    assert again == 0, "what the browser has does not travel again"
    context.close()


def _is_file(request: Request, server: ServerProcess) -> bool:
    return request.url.startswith((f"{server.url}/web/", f"{server.url}/#"))
