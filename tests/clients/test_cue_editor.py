"""The editor of cues in Chromium, against a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.chat_server import ChatServer
from tests.conftest import StartServer
from tests.editor_page import EditorTab
from tests.server import DEAF, ROOT, ServerProcess

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
_MOST_CHANGES_PER_ROW = 30
"""A row has six cells and a dozen attributes."""

TIPS = {
    "en": "Split at the caret, else at the playhead (Ctrl+Alt+V, Alt+V)",
    "de": "An der Schreibmarke teilen, sonst an der Abspielstelle (Strg+Alt+V, Alt+V)",
}

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
    before = tab.cues()[1]["text"]
    find.get_by_role("button", name="Replace all").click()
    while tab.cues()[1]["text"] == before:  # the expression is looked for in a worker
        tab.page.wait_for_timeout(50)
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


_SCROLL = """
async (steps) => {
  const grid = document.querySelector('cue-editor').shadowRoot.querySelector('.grid');
  const tasks_ms = [0];
  const seen = (list) => tasks_ms.push(...list.getEntries().map((task) => task.duration));
  const observer = new PerformanceObserver(seen);
  observer.observe({type: 'longtask'});
  let changes = 0;
  const watch = new MutationObserver((records) => { changes += records.length; });
  watch.observe(grid, {subtree: true, childList: true, attributes: true, characterData: true});
  const work = [];
  const rows = [];
  for (let step = 1; step <= steps; step += 1) {
    changes = 0;
    grid.scrollTop = (step / steps) * (grid.scrollHeight - grid.clientHeight);
    await new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume)));
    work.push(changes);
    rows.push(grid.querySelectorAll('.row').length);
  }
  watch.disconnect();
  await new Promise((resume) => setTimeout(resume, 100));
  observer.disconnect();
  return {work: Math.max(...work), rows: Math.max(...rows), task_ms: Math.max(...tasks_ms)};
}
"""


def test_scrolling_two_hours_costs_as_much_as_scrolling_minutes(
    context: BrowserContext, server: ServerProcess
) -> None:
    """A frame changes the rows that are seen, however many cues there are.

    The longest task is printed and not asserted: on a busy machine it measures the machine.
    """
    costs = {}
    for count in (150, 2500):
        tab = EditorTab(context, server.url)
        tab.open(count=str(count))
        costs[count] = tab.page.evaluate(_SCROLL, 100)
        print(f"{count} cues: {costs[count]}")
        assert tab.complaints == []
    short, long = costs[150], costs[2500]
    assert long["rows"] == short["rows"] < 60
    assert 0 < long["work"] <= long["rows"] * _MOST_CHANGES_PER_ROW
    # While rows are drawn anew whole, each frame costs the same.
    assert long["work"] <= short["work"] * 2


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
          untranslated: Object.entries(EDITOR_TEXTS).map(([tag, table]) => [tag,
            Object.keys(table).filter((key) => key.startsWith('do_')
              && tag !== 'en' && table[key] === EDITOR_TEXTS.en[key])]),
          commands: SHORTCUTS.map(({command}) => `do_${command}`)};
        }"""
    )
    assert set(keys["texts"]) == {"en", "de", "es", "fr", "pt", "ja", "zh"}
    for tag, names in keys["texts"].items():
        assert names == keys["texts"]["en"], (tag, json.dumps(names))
    assert set(keys["commands"]) <= set(keys["texts"]["en"])
    assert all(not same for _, same in keys["untranslated"]), keys["untranslated"]
    for tag, tip in TIPS.items():
        tab.page.evaluate("tag => { document.querySelector('cue-editor').texts = tag; }", tag)
        expect(tab.tool("split")).to_have_attribute("title", tip)
    tab.page.locator("cue-editor .grid").focus()
    tab.page.keyboard.press("F1")
    expect(tab.page.locator("cue-editor dialog.help")).to_contain_text("Alt+V")
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("cue-editor dialog.help")).to_have_count(0)


def test_the_timeline_takes_the_colours_of_another_theme(
    context: BrowserContext, server: ServerProcess
) -> None:
    tab = EditorTab(context, server.url)
    tab.page.emulate_media(color_scheme="light")
    tab.open(count="3")
    light, dark = (_line_of_ruler(tab, scheme) for scheme in ("light", "dark"))
    assert light[:3] == [0xE3, 0xE6, 0xEC]
    assert dark[:3] == [0x2B, 0x30, 0x3B]


_PAINTED = """
async () => {
  const {timeline, cues, quality} = document.querySelector('cue-editor');
  const {canvas, view} = timeline;
  const scale = devicePixelRatio;
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  const {width, height} = canvas;
  const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
  const pixel = (ms, dx, y) => {
    const x = ((ms - view.from_ms) / view.span_ms) * canvas.clientWidth + dx;
    const at = 4 * (Math.round(y * scale) * width + Math.round(x * scale));
    return [...data.slice(at, at + 3)].join();
  };
  const edge = (n) => pixel(cues[n].start_ms, 1, canvas.clientHeight / 2);
  const mark = (n) => pixel(cues[n].start_ms, 3, canvas.clientHeight - 7);
  return {edges: [1, 2, 3].map(edge), marks: [1, 4].map(mark), marked: [...quality.marks.keys()]};
}
"""


def test_cues_in_the_timeline_are_coloured_by_speaker_and_by_finding(tab: EditorTab) -> None:
    for number, speaker in ((2, "Ann"), (3, "Ben"), (4, "Ann")):
        tab.row(number).click()
        tab.field("speaker").fill(speaker)
    tab.row(5).click()
    tab.field("duration").fill("0.2")
    tab.page.keyboard.press("Enter")
    save(tab)
    expect(tab.row(5)).to_have_attribute("data-mark", "error")
    expect(tab.row(2)).to_have_attribute("data-mark", "")
    tab.row(1).click()
    painted = tab.page.evaluate(_PAINTED)
    ann, ben, again = painted["edges"]
    assert ann == again != ben
    fine, faulty = painted["marks"]
    assert fine != faulty, painted
    assert faulty.split(",")[0] == "201", "the red of faults, #c9372c"


def _line_of_ruler(tab: EditorTab, scheme: str) -> list[int]:
    """Return the colour of the line below the ruler, once it is that of a theme."""
    tab.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found: list[int] = tab.page.evaluate(
        """async (wanted) => {
        const canvas = document.querySelector('cue-editor').timeline.canvas;
        const scale = devicePixelRatio;
        const read = () => [...canvas.getContext('2d').getImageData(3, 20 * scale, 1, 1).data];
        for (let frame = 0; frame < 600 && read()[0] !== wanted; frame += 1) {
          await new Promise(requestAnimationFrame);
        }
        return read();
        }""",
        0x2B if scheme == "dark" else 0xE3,
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    context: BrowserContext, server: ServerProcess, scheme: Literal["light", "dark"]
) -> None:
    tab = EditorTab(context, server.url)
    tab.page.emulate_media(color_scheme=scheme)
    tab.open(job=made(server, target_lang="es"))
    tab.wait_saved()
    tab.row(5).click()
    tab.field("duration").fill("0.2")
    tab.page.keyboard.press("Enter")
    save(tab)
    finding = tab.page.locator("cue-editor .quality details.error").first
    finding.locator("summary").click()
    tab.page.evaluate(AXE.read_text())
    assert _serious(tab) == []
    tab.tool("find").click()
    tab.page.locator("cue-editor .find [name=pattern]").fill("water")
    expect(tab.page.locator("cue-editor .find output")).to_have_text("– / 2")
    assert _serious(tab) == []
    tab.tool("help").click()
    expect(tab.page.locator("cue-editor dialog.help")).to_be_visible()
    assert _serious(tab) == []
    # What the policy refuses here are styles that axe-core itself puts into the page.
    assert [text for text in tab.complaints if "inline style" not in text] == []


def _serious(tab: EditorTab) -> list[Any]:
    """Return what axe-core finds that is serious or worse, with the elements."""
    found = tab.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"]
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_keys_are_those_of_the_guide_and_leave_letters_of_a_layout(
    tab: EditorTab, server: ServerProcess
) -> None:
    rows = tab.page.evaluate(
        r"""async () => {
        const {SHORTCUTS, shownKey} = await import('/page/app/web/editor/shortcuts.js');
        const {en} = await import('/page/app/web/editor/texts/en.js');
        return SHORTCUTS.map(({command, keys, from, where}) =>
          [en[`do_${command}`], keys.map((key) => `\`${shownKey(key)}\``).join(', '), from, where]);
        }"""
    )
    names = {"SE": "Subtitle Edit", "Ae": "Aegisub", "": "–"}
    places = {"all": "everywhere", "plain": "outside fields"}
    places |= {"list": "in the list", "field": "in a field"}
    table = [
        f"| {name} | {keys} | {names[source]} | {places[where]} |"
        for name, keys, source, where in rows
    ]
    guide = (ROOT / "docs" / "editor.md").read_text("utf-8")
    assert "\n".join(table) in guide
    tab.row(3).click()
    text = tab.field("text")
    text.evaluate("(field, at) => { field.focus(); field.setSelectionRange(at, at); }", 21)
    pressed = (
        "(field, modifierAltGraph) => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'v',"
        " code: 'KeyV', ctrlKey: true, altKey: true, modifierAltGraph, bubbles: true,"
        " composed: true, cancelable: true}))"
    )
    assert text.evaluate(pressed, True), "what AltGr writes is not taken"
    assert len(tab.cues()) == len(LINES)
    assert not text.evaluate(pressed, False)
    assert len(tab.cues()) == len(LINES) + 1
    tab.page.locator("cue-editor .grid").focus()
    tab.page.keyboard.press("Control+z")
    tab.page.keyboard.press("Control+Shift+Insert")
    tab.page.locator("cue-editor .grid").focus()
    tab.page.keyboard.press("Control+z")
    assert [cue["text"] for cue in tab.cues()] == LINES


def test_findings_are_walked_in_both_directions(tab: EditorTab) -> None:
    for number in (2, 5):
        tab.row(number).click()
        tab.field("duration").fill("0.2")
        tab.page.keyboard.press("Enter")
    save(tab)
    expect(tab.row(2)).to_have_attribute("data-mark", "error")
    expect(tab.row(5)).to_have_attribute("data-mark", "error")
    marked = tab.page.locator("cue-editor .row:not([data-mark=''])")
    numbers = [int(row.get_attribute("aria-rowindex") or "") - 1 for row in marked.all()]
    assert {2, 5} <= set(numbers)
    tab.row(1).click()
    tab.page.locator("cue-editor .grid").focus()
    ahead = [number for number in sorted(numbers) if number > 1]
    for number in ahead:
        tab.page.keyboard.press("F8")
        expect(tab.row(number)).to_have_attribute("aria-selected", "true")
    for number in reversed(ahead[:-1]):
        tab.page.keyboard.press("Shift+F8")
        expect(tab.row(number)).to_have_attribute("aria-selected", "true")


def test_a_finished_upload_has_its_waveform(
    context: BrowserContext, start_server: StartServer, dialogue: Path
) -> None:
    hearing = start_server()
    with hearing.client() as client, dialogue.open("rb") as file:
        job = client.post("/api/process", files={"file": file}).json()["job_id"]
    tab = EditorTab(context, hearing.url)
    with tab.page.expect_response("**/peaks?*") as answer:
        tab.open(job=job)
    assert answer.value.ok
    loudest = tab.page.wait_for_selector("cue-editor canvas.wave").evaluate(
        """async (canvas) => {
        const editor = canvas.getRootNode().host;
        while (!editor.wave) await new Promise(requestAnimationFrame);
        return editor.wave.peak(0, 60_000);
        }"""
    )
    assert loudest == 1
    assert tab.complaints == []
