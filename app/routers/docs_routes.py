"""The API's own description: a schema, and a page that shows it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response

from app.routers.access.api_keys import require_key
from app.routers.dependencies import services_of
from app.routers.raised_errors import may_want_key
from app.system.thread_groups import STATUS

_SCRIPTS = "https://cdn.jsdelivr.net"
_IMAGES = "https://fastapi.tiangolo.com"
_SCHEMA_PATH = "/openapi.json"
_making = asyncio.Lock()


@may_want_key
async def _require_key_unless_open(request: Request) -> None:
    """Check the key unless `DOCS_OPEN` is set.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    if not services_of(request).settings.server.docs_open:
        await require_key(request)


router = APIRouter(dependencies=[Depends(_require_key_unless_open)], include_in_schema=False)


@router.get(_SCHEMA_PATH)
async def schema(request: Request) -> Response:
    """Return the schema of every route."""
    async with _making:
        # It takes a second or more to make, the first time.
        text = await STATUS.run(_schema_text, request.app)
    return Response(text, media_type="application/json")


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """Return a page that shows the schema; it runs no script but its own and the library's."""
    answer = get_swagger_ui_html(openapi_url=_SCHEMA_PATH, title=f"{request.app.title} API")
    answer.headers["Content-Security-Policy"] = _policy(bytes(answer.body).decode())
    return answer


def _schema_text(app: FastAPI) -> bytes:
    return json.dumps(app.openapi()).encode()


def _policy(html: str) -> str:
    digests = [hashlib.sha256(script.encode()).digest() for script in _inline_scripts(html)]
    own = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_SCRIPTS} {own}",
            f"style-src {_SCRIPTS} 'unsafe-inline'",
            f"img-src {_IMAGES} data:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        )
    )


def _inline_scripts(html: str) -> list[str]:
    """Return the texts of the scripts that stand in a page."""
    return [part.partition("</script>")[0] for part in html.split("<script>")[1:]]
