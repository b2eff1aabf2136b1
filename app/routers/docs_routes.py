"""The API's own description: a document, and two pages that show it.

The pages' libraries, Swagger UI and Redoc, come from the package `fastapi-offline`, so that no
other host serves a part of them. Of that package only the files are used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from app.domain.errors import NotFoundError, UnauthorizedError
from app.routers.access.api_keys import require_key
from app.routers.dependencies import services_of
from app.routers.raised_errors import raises, wants_key
from app.system.thread_groups import STATUS

_OWN = Path(__file__).with_name("documentation")
_LIBRARIES = Path(str(resources.files("fastapi_offline"))) / "static"
_SCRIPT = "text/javascript"
_ASSETS: Mapping[str, tuple[Path, str]] = {
    "swagger-ui.css": (_LIBRARIES, "text/css"),
    "swagger-ui-bundle.js": (_LIBRARIES, _SCRIPT),
    "swagger-start.js": (_OWN, _SCRIPT),
    "redoc.standalone.js": (_LIBRARIES, _SCRIPT),
    "redoc.css": (_OWN, "text/css"),
}
"""Folder and media type of each file that the pages load."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Both libraries write style into the page, and Redoc's search is a worker made of a blob."""

_HOUR = {"Cache-Control": "private, max-age=3600"}
_making = asyncio.Lock()


@wants_key(optional=True)
@raises(UnauthorizedError)
async def _require_key_unless_open(request: Request) -> None:
    """Check the key unless `DOCS_OPEN` is set.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if not services_of(request).settings.server.docs_open:
        await require_key(request)


router = APIRouter(dependencies=[Depends(_require_key_unless_open)], include_in_schema=False)


@router.get("/openapi.json")
async def schema(request: Request) -> Response:
    """Return the description of every route."""
    async with _making:
        # It takes a second or more to make, the first time.
        text = await STATUS.run(_schema_text, request.app)
    return Response(text, media_type="application/json")


@router.get("/docs")
async def page() -> HTMLResponse:
    """Return a page that shows the description and lets people try each route."""
    return _page("swagger.html")


@router.get("/redoc")
async def reference() -> HTMLResponse:
    """Return a page to read the description on."""
    return _page("redoc.html")


@router.get("/docs/assets/{name}")
async def asset(name: str) -> FileResponse:
    """Return a file that the pages load."""
    if name not in _ASSETS:
        raise NotFoundError("Not found")
    folder, media_type = _ASSETS[name]
    return FileResponse(folder / name, media_type=media_type, headers=_HOUR)


def _page(name: str) -> HTMLResponse:
    html = (_OWN / name).read_text("utf-8")
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


def _schema_text(app: FastAPI) -> bytes:
    return json.dumps(app.openapi()).encode()
