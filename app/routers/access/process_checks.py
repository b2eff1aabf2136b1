"""The checks of routes that begin work on media, in order."""

from __future__ import annotations

from typing import Any

from fastapi import Depends

from app.routers.access.api_keys import require_key
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import require_admission


def process_checks() -> list[Any]:
    """Return the dependencies: a valid key, the limit of its caller, admission by the server."""
    return [Depends(require_key), rate_limited("process"), Depends(require_admission)]
