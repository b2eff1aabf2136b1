"""What travels until the page and its editor are open, and what a phone shows of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

_MOST_BYTES = 165_000
"""With the heads of some 50 answers, a kilobyte each."""


VIEWS = {
    "new": "[name=url]",
    "jobs": "table",
    "live": ".list button.main",
    "operations": ".operation .fields",
    "server": "[data-name=cache]",
    "job/{job}": ".job[data-state=done] .menu [data-t=edit]",
}
"""Views of the page, each with what it shows once it is there."""


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF)


def _job(server: ServerProcess, count: int = 1) -> str:
    cues = [
        {"start": n * 3000, "end": n * 3000 + 2500, "text": f"Where do you want to go, {n}?"}
        for n in range(count)
    ]
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
    page.on("requestfinished", lambda request: finished.append(request))
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


@pytest.mark.parametrize("width", [1360, 390])
def test_the_editor_of_a_long_job_has_few_rows_in_the_page(
    server: ServerProcess, browser: Browser, width: int
) -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"{server.url}/#job/{_job(server, 400)}")
    page.get_by_role("button", name="Edit cues").click()
    editor = page.locator("cue-editor")
    expect(editor.locator(".grid")).to_have_attribute("aria-rowcount", "401")
    expect(editor.locator(".row").first).to_be_visible()
    editor.locator(".grid").focus()
    page.keyboard.press("End")
    expect(editor.locator(".row[aria-rowindex='401']")).to_be_visible()
    assert 5 < editor.locator(".row").count() < 60
    box = editor.bounding_box()
    assert box is not None
    assert box["height"] < 2000
    context.close()


_WIDER = """
() => {
  const found = [];
  const width = document.documentElement.clientWidth;
  for (const part of [document.documentElement, document.querySelector('main')]) {
    if (part.scrollWidth > part.clientWidth) found.push(`${part.localName} ${part.scrollWidth}`);
  }
  for (const each of document.querySelectorAll('header *, main *')) {
    if (each.closest('.scroll, .unseen')) continue;
    if (each.getBoundingClientRect().right > width + 1) found.push(each.outerHTML.slice(0, 80));
  }
  for (const link of document.querySelectorAll('nav a')) {
    if (link.scrollWidth > link.clientWidth) found.push(link.textContent);
  }
  if (document.querySelector('header').clientHeight > 90) found.push('a header of three rows');
  return found;
}
"""


def test_no_view_is_wider_than_a_phone_in_any_language(
    server: ServerProcess, browser: Browser
) -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": 360, "height": 740})
    page = context.new_page()
    job = _job(server, 3)
    page.goto(server.url)
    languages = page.locator("#language option")
    expect(languages).to_have_count(7)
    for tag in languages.evaluate_all("all => all.map(each => each.value)"):
        page.select_option("#language", tag)
        for view, shown in VIEWS.items():
            page.goto(f"{server.url}/#{view.format(job=job)}")
            page.locator(shown).first.wait_for()
            assert page.evaluate(_WIDER) == [], (tag, view)
    context.close()


def _is_file(request: Request, server: ServerProcess) -> bool:
    return request.url.startswith((f"{server.url}/web/", f"{server.url}/#"))
