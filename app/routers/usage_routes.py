"""`/api/usage`: a caller's costs of translation."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter, Depends, Request

from app.routers.access.api_keys import caller_of, require_key
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.server_answers import CallerUsage

router = APIRouter(prefix="/api", tags=["health"], dependencies=[Depends(require_key)])


@router.get("/usage", **described("getUsage", "Say what a caller's translations cost", CallerUsage))
async def usage(request: Request, services: ServicesDep) -> dict[str, object]:
    """Return what this worker has paid language models for the caller since it started.

    Without `API_KEYS` all callers are one. `cost_usd` is null where no price is known.
    """
    caller = caller_of(request)
    return {"caller": caller or None, **dataclasses.asdict(services.ledgers.total(caller))}
