"""The editor of cues in Chromium, against a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.chat_server import ChatServer
from tests.conftest import StartServer
from tests.editor_page import EditorTab, chromium
from tests.server import DEAF, ServerProcess

LINES = [
    "Where do you want to go today?",
    "Up the river and over the bridge.",
    "We measure the height of the water every single morning.",
    "The water came up fast last night.",
    "Please tell the people near the bridge.",
    "I will call them before the sun goes down.",
]


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Iterator[ServerProcess]:
    with ChatServer() as chat:
        settings = {
            "TRANSLATION_PROVIDER": "openai",
            "SERVER_API_KEY": "sk-test",
            "SERVER_API_URL": chat.url,
            "SERVER_MODEL": "test-model",
        }
        yield start_server(**DEAF, **settings)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1280, "height": 900})
    yield found
    found.close()


def made(server: ServerProcess, **fields: Any) -> str:
    """Make a job of captions; return its id."""
    cues = [
        {"start": 1000 + n * 3000, "end": 3500 + n * 3000, "text": text}
        for n, text in enumerate(LINES)
    ]
    body = {"captions": cues, "captions_lang": "en", "force_refresh": True, **fields}
    with server.client() as client:
        answer = client.post("/api/process", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])


@pytest.fixture
def job(server: ServerProcess) -> str:
    return made(server)


@pytest.fixture
def tab(context: BrowserContext, server: ServerProcess, job: str) -> Iterator[EditorTab]:
    found = EditorTab(context, server.url)
    found.open(job=job)
    found.wait_saved()
    yield found
    assert found.complaints == []
    assert [url for url in found.requested if not url.startswith((server.url, "blob:"))] == []


def srt(server: ServerProcess, job: str) -> str:
    with server.client() as client:
        return client.get(f"/api/jobs/{job}/files/x.srt", params={"edited": "true"}).text


def save(tab: EditorTab) -> None:
    tab.page.keyboard.press("Control+s")
    tab.wait_saved()


def test_an_edit_is_in_the_file_and_is_undone(
    tab: EditorTab, server: ServerProcess, job: str
) -> None:
    tab.row(2).click()
    tab.field("text").fill("Down the river.")
    expect(tab.row(2)).to_contain_text("Down the river.")
    save(tab)
    assert "Down the river." in srt(server, job)
    tab.row(1).click()
    tab.page.keyboard.press("Control+z")
    expect(tab.row(2)).to_contain_text(LINES[1])
    save(tab)
    assert LINES[1] in srt(server, job)
    tab.page.keyboard.press("Control+y")
    expect(tab.row(2)).to_contain_text("Down the river.")
    assert tab.page.evaluate("window.edits.length") >= 3


def test_cues_are_split_at_the_caret_and_merged(tab: EditorTab) -> None:
    tab.row(3).click()
    text = tab.field("text")
    text.evaluate("(field, at) => { field.focus(); field.setSelectionRange(at, at); }", 21)
    tab.page.keyboard.press("Alt+v")
    first, second = tab.cues()[2:4]
    assert (first["text"], second["text"]) == (LINES[2][:21].strip(), LINES[2][21:].strip())
    assert (first["start_ms"], second["end_ms"]) == (7000, 9500)
    assert first["end_ms"] == second["start_ms"]
    assert second["origin"] == first["id"] != second["id"]
    tab.page.keyboard.press("Control+Shift+m")
    assert [cue["text"] for cue in tab.cues()] == LINES
    tab.row(1).click()
    tab.row(3).click(modifiers=["Shift"])
    tab.tool("merge").click()
    assert tab.cues()[0]["text"] == " ".join(LINES[:3])
    for _ in range(3):
        tab.tool("undo").click()
    assert [cue["text"] for cue in tab.cues()] == LINES
    expect(tab.tool("undo")).to_be_disabled()


def test_cues_are_dragged_in_the_timeline(tab: EditorTab) -> None:
    tab.row(2).click()
    box = tab.page.locator("cue-editor canvas.wave").bounding_box()
    view = tab.page.evaluate("document.querySelector('cue-editor').timeline.view")
    y = box["y"] + box["height"] / 2

    def x(ms: int) -> float:
        return float(box["x"] + (ms - view["from_ms"]) / view["span_ms"] * box["width"])

    def drag(from_ms: int, to_ms: int) -> None:
        tab.page.mouse.move(x(from_ms), y)
        tab.page.mouse.down()
        tab.page.mouse.move(x((from_ms + to_ms) // 2), y)
        tab.page.mouse.move(x(to_ms), y)
        tab.page.mouse.up()

    drag(4000, 4300)
    cue = tab.cues()[1]
    assert abs(cue["start_ms"] - 4300) < 60
    assert cue["end_ms"] == 6500
    drag(5500, 2000)
    moved = tab.cues()[1]
    assert moved["start_ms"] == 3500, "it stops at the cue before it"
    assert moved["end_ms"] - moved["start_ms"] == cue["end_ms"] - cue["start_ms"]
    tab.page.keyboard.press("Control+z")
    tab.page.keyboard.press("Control+z")
    assert (tab.cues()[1]["start_ms"], tab.cues()[1]["end_ms"]) == (4000, 6500)
    tab.page.mouse.click(x(3750), y)
    seek = tab.page.evaluate("window.seeks.at(-1).time_ms")
    assert abs(seek - 3750) < 60


def test_a_reload_loses_nothing_even_without_the_server(
    tab: EditorTab, server: ServerProcess, job: str, context: BrowserContext
) -> None:
    puts: list[str] = []

    def refuse(route: Any) -> None:
        if route.request.method == "PUT":
            puts.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/edits", refuse)
    tab.row(1).click()
    tab.field("text").fill("Written in the dark.")
    tab.page.locator("cue-editor .status[data-state=offline]").wait_for()
    assert puts
    tab.page.reload()
    expect(tab.row(1)).to_contain_text("Written in the dark.")
    assert "Written" not in srt(server, job)
    tab.page.unroute("**/edits")
    save(tab)
    assert "Written in the dark." in srt(server, job)
    tab.page.reload()
    expect(tab.row(1)).to_contain_text("Written in the dark.")
    tab.complaints.clear()


def test_a_second_tab_and_another_browser_are_told(
    tab: EditorTab, context: BrowserContext, browser: Browser, server: ServerProcess, job: str
) -> None:
    twin = EditorTab(context, server.url)
    stranger = EditorTab(browser.new_context(), server.url)
    for other in (twin, stranger):
        other.open(job=job)
        other.wait_saved()
    tab.row(1).click()
    tab.field("text").fill("From the first tab.")
    save(tab)
    expect(twin.row(1)).to_contain_text("From the first tab.")  # which had no edits of its own
    stranger.row(2).click()
    stranger.field("text").fill("From another browser.")
    dialog = stranger.page.locator("cue-editor dialog.conflict")
    dialog.wait_for()
    expect(dialog).to_contain_text("2 cues differ")
    assert "another browser" not in srt(server, job)
    dialog.locator("button[value=theirs]").click()
    expect(stranger.row(1)).to_contain_text("From the first tab.")
    stranger.tool("undo").click()
    expect(stranger.row(2)).to_contain_text("From another browser.")
    save(stranger)
    assert "From another browser." in srt(server, job)
    stranger.page.context.close()


def test_a_finding_leads_to_its_cue(tab: EditorTab, server: ServerProcess, job: str) -> None:
    tab.row(5).click()
    tab.field("duration").fill("0.2")
    tab.page.keyboard.press("Enter")
    save(tab)
    tab.row(1).click()
    rules = tab.page.locator("cue-editor .quality details.error")
    rule = rules.filter(has_text="Shown too briefly")
    rule.wait_for()
    rule.locator("summary").click()
    rule.locator("button[data-id]").first.click()
    expect(tab.row(5)).to_have_attribute("aria-selected", "true")
    jump = tab.page.evaluate("window.jumps.at(-1)")
    assert (jump["id"], jump["time_ms"]) == (tab.cues()[4]["id"], 13_000)
    expect(tab.row(5)).to_have_attribute("data-mark", "error")


def test_find_and_replace_by_an_expression_that_cannot_hang(tab: EditorTab) -> None:
    tab.page.locator("cue-editor .grid").focus()
    tab.page.keyboard.press("Control+h")
    find = tab.page.locator("cue-editor .find")
    find.locator("[name=pattern]").fill("the (b\\w+)")
    find.locator("[name=isRegex]").check()
    find.locator("[name=replacement]").fill("a $1 ($&)")
    expect(find.locator("output")).to_have_text("– / 2")
    find.get_by_role("button", name="Replace all").click()
    texts = [cue["text"] for cue in tab.cues()]
    assert texts[1] == "Up the river and over a bridge (the bridge)."
    assert texts[4] == "Please tell the people near a bridge (the bridge)."
    tab.page.evaluate(
        "() => { const editor = document.querySelector('cue-editor');"
        " editor.model.change(editor.cues[0].id, {text: 'a'.repeat(60) + '!'}); }"
    )
    find.locator("[name=pattern]").fill("(a+)+$")
    expect(find.locator("output")).to_have_text("The expression takes too long")
    find.locator("[name=pattern]").fill("(")
    expect(find.locator("output")).to_have_text("Not an expression")


def test_cues_are_translated_and_aligned_again(
    context: BrowserContext, server: ServerProcess
) -> None:
    tab = EditorTab(context, server.url)
    tab.open(job=made(server, target_lang="es"))
    tab.wait_saved()
    before = tab.cues()[1]
    tab.row(2).click()
    tab.field("translation").fill("nada")
    tab.field("text").fill("We measure the height of the water.")
    tab.tool("translateAgain").click()
    expect(tab.field("translation")).not_to_have_value("nada")
    tab.page.keyboard.press("Control+z")
    tab.field("start").fill("0:05.5")
    tab.page.keyboard.press("Enter")
    tab.row(1).click()
    tab.field("text").fill(LINES[0])
    tab.row(3).click()
    tab.tool("alignFromHere").click()
    expect(tab.page.locator("cue-editor")).not_to_have_attribute("busy", re.compile(""))
    assert tab.cues()[2]["start_ms"] == 7000
    assert tab.cues()[1]["start_ms"] == 5500 != before["start_ms"]
    assert tab.complaints == []


def test_a_long_list_has_few_rows_in_the_document(
    context: BrowserContext, server: ServerProcess
) -> None:
    tab = EditorTab(context, server.url)
    tab.open(count="2500")
    grid = tab.page.locator("cue-editor .grid")
    assert grid.get_attribute("aria-rowcount") == "2501"
    most = 0
    for share in (0, 0.3, 0.31, 0.9, 1):
        grid.evaluate("(grid, share) => { grid.scrollTop = share * grid.scrollHeight; }", share)
        number = int(1 + share * 2499)
        near = tab.page.locator(f"cue-editor .row[aria-rowindex='{min(2501, number + 1)}']")
        near.wait_for(state="attached")
        most = max(most, tab.page.locator("cue-editor .row").count())
    assert most < 60
    grid.focus()
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("PageDown")
    tab.page.keyboard.press("End")
    expect(tab.row(2500)).to_have_attribute("aria-selected", "true")
    assert grid.get_attribute("aria-activedescendant") == "cue-2499"
    assert tab.page.locator("cue-editor .row").count() < 60
    assert tab.complaints == []


def test_every_language_has_every_text(context: BrowserContext, server: ServerProcess) -> None:
    tab = EditorTab(context, server.url)
    tab.open(count="3", lang="ja")
    expect(tab.tool("split")).to_have_text("分割")
    keys = tab.page.evaluate(
        """async () => {
        const {EDITOR_TEXTS} = await import('/page/app/web/editor/texts.js');
        const {SHORTCUTS} = await import('/page/app/web/editor/shortcuts.js');
        return {texts: Object.fromEntries(Object.entries(EDITOR_TEXTS).map(
          ([tag, table]) => [tag, Object.keys(table).sort()])),
          commands: SHORTCUTS.map(({command}) => `do_${command}`)};
        }"""
    )
    assert set(keys["texts"]) == {"en", "de", "es", "fr", "pt", "ja", "zh"}
    for tag, names in keys["texts"].items():
        assert names == keys["texts"]["en"], (tag, json.dumps(names))
    assert set(keys["commands"]) <= set(keys["texts"]["en"])
    tab.page.locator("cue-editor .grid").focus()
    tab.page.keyboard.press("F1")
    expect(tab.page.locator("cue-editor dialog.help")).to_contain_text("Alt+V")
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("cue-editor dialog.help")).to_have_count(0)
