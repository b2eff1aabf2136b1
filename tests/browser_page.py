"""A page in headless Chromium, driven by the Chrome DevTools Protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

_LIMIT_S = 60


class BrowserPage:
    """One page.

    Attributes:
        requested: addresses that it has asked for, without those that its policy forbids.
        complaints: what the browser has written to its console or log.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._calls = 0
        self._requests: dict[str, list[str]] = {}
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    @property
    def requested(self) -> list[str]:
        return [url for urls in self._requests.values() for url in urls]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to a command."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=_LIMIT_S))
            if message.get("id") == self._calls:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                urls = self._requests.setdefault(parameters["requestId"], [])
                urls.append(parameters["request"]["url"])
            case "Network.loadingFailed" if parameters.get("blockedReason") == "csp":
                self._requests.pop(parameters["requestId"], None)
            case "Log.entryAdded":
                self.complaints.append(parameters["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(parameters["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if parameters["type"] == "error":
                self.complaints.append(str(parameters["args"]))

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, or what it promises."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Return the value of an expression once it is true; ``True`` for an element."""
        asked = f"(found => found instanceof Node || found)({expression})"
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            found = self.evaluate(asked)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}\n{self.complaints}")

    def text(self) -> str:
        """Return what is to be read."""
        return str(self.evaluate("document.body.innerText"))

    def screenshot(self, path: Path) -> None:
        """Store a picture of the page as PNG."""
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(picture))


@contextmanager
def browser_page(folder: Path, *switches: str) -> Iterator[BrowserPage]:
    """Start Chromium and yield an empty page."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed"
    command = ["setpriv", "--pdeathsig", "TERM", "--", program, "--headless=new", "--no-sandbox"]
    command += ["--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1600"]
    command += ["--no-first-run", "--disable-background-networking", "--no-proxy-server"]
    command += ["--remote-debugging-port=0", f"--user-data-dir={folder}", *switches, "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(folder), max_size=2**26, proxy=None) as socket:
            yield BrowserPage(socket)
    finally:
        process.terminate()
        process.wait(30)


def _address(folder: Path) -> str:
    """Return the socket of the first page once the browser runs."""
    deadline = time.monotonic() + _LIMIT_S
    note = folder / "DevToolsActivePort"
    while time.monotonic() < deadline:
        if note.exists() and "\n" in note.read_text():
            port = note.read_text().splitlines()[0]
            pages = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
            for page in pages:
                if page["type"] == "page":
                    return str(page["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser never started")
