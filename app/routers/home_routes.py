"""`/`: a page for people who find the server in a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.container import Services
from app.domain.version import __version__
from app.gpu.engine_manager import EngineRole, EngineStatus
from app.routers.dependencies import ServicesDep
from app.services.render.formats import FORMATS

router = APIRouter(include_in_schema=False)

_PAGE = Path(__file__).with_name("home_page.html").read_text("utf-8")
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
"""A host that may stand in a command as it is."""

_REFRESH = '<meta http-equiv="refresh" content="3">\n'
_STATES: Mapping[str, tuple[str, str]] = {
    "loading": ("wait", "Loading the models"),
    "ready": ("good", "Ready"),
    "stalled": ("bad", "Not serving for now"),
    "failed": ("bad", "The engines could not be loaded"),
    "draining": ("wait", "Shutting down"),
}
"""Class and words of each state of the server."""

_ROLES: Mapping[EngineRole, str] = {
    "decoder": "Decoding",
    "vad": "Speech detection",
    "transcriber": "Transcription",
    "aligner": "Word times",
    "diarizer": "Speakers",
    "translator": "Translation",
}

_EMBEDDED = (
    " This server translates between English and Spanish; with a language model "
    "(<code>TRANSLATION_PROVIDER</code>) into every language."
)

_KEY_OPTION = '-H "X-API-Key: $CUESTREAM_KEY" \\\n     '


@router.head("/")
@router.get("/")
async def home(request: Request, services: ServicesDep) -> HTMLResponse:
    """Say what this is, whether it is ready, and how to begin."""
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(_page(services, _base_of(request)), headers=headers)


def _page(services: Services, base: str) -> str:
    readiness = services.readiness
    mood, state = _STATES[readiness.state]
    reason = readiness.failure or readiness.stalled
    waits = readiness.state in {"loading", "stalled"}
    return Template(_PAGE).substitute(
        refresh=_REFRESH if waits else "",
        mood=mood,
        state=state,
        reason=f'<p class="reason">{html.escape(reason)}</p>\n' if reason else "",
        engines="".join(map(_engine, readiness.statuses)),
        formats=", ".join(FORMATS),
        languages=_EMBEDDED if services.settings.translation.provider == "embedded" else "",
        version=__version__,
        **_links(services),
        **_commands(base, with_key=bool(services.settings.access.api_keys)),
    )


def _engine(status: EngineStatus) -> str:
    """Return a row of the list of engines."""
    if status.state == "disabled":
        shown = "off"
    else:
        device = f" on {status.device}" if status.device else ""
        shown = html.escape(f"{status.name}{device}")
        shown += f": {html.escape(status.detail)}" if status.detail else ""
        shown += "" if status.state == "ready" else f" ({status.state})"
    return f"<dt>{_ROLES[status.role]}</dt><dd>{shown}</dd>\n"


def _links(services: Services) -> dict[str, str]:
    """Return what is said of the key and of the description of the API."""
    docs = '<a href="/docs">/docs</a>: every route, to read and to try'
    if not services.settings.access.api_keys:
        return {"key": "", "docs": docs}
    key = (
        "<p>This server wants one of its keys (<code>API_KEYS</code>): "
        "<code>export CUESTREAM_KEY=...</code> first.</p>\n"
    )
    if not services.settings.server.docs_open:
        docs = (
            "<code>/docs</code>: every route, to read and to try; it wants a key as well, "
            "in <code>X-API-Key</code>, unless <code>DOCS_OPEN=true</code>"
        )
    return {"key": key, "docs": docs}


def _commands(base: str, *, with_key: bool) -> dict[str, str]:
    """Return the first commands, for a shell."""
    key = _KEY_OPTION if with_key else ""
    json_type = "-H 'Content-Type: application/json' "
    commands = {
        "process": f"curl {key}-F file=@talk.mp4 -F target_lang=es \\\n"
        f"     -o talk.es.srt '{base}/api/process?format=srt'",
        "stream": f"curl -N {key}-F file=@talk.mp4 -F target_lang=es \\\n     {base}/api/stream",
        "address": f"curl -N {key}{json_type}\\\n"
        '     -d \'{"url": "https://www.youtube.com/watch?v=VIDEO_ID",\n'
        '          "target_lang": "es"}\' \\\n'
        f"     {base}/api/stream",
    }
    return {name: html.escape(text, quote=False) for name, text in commands.items()}


def _base_of(request: Request) -> str:
    """Return the address that the browser has the page from, as far as that can be known."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = f"localhost:{request.app.state.settings.port}"
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return f"{'https' if forwarded == 'https' else 'http'}://{host}"


def _policy() -> str:
    """Return a policy that allows this page's own style sheet and icon, and nothing else."""
    style = _PAGE.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


_POLICY = _policy()
