"""`/api/webhooks`: what could not be delivered, for the operator."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from app.routers.access.api_keys import require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import services_of
from app.routers.encoders import Payload
from app.routers.queue_dependencies import WebhooksDep

router = APIRouter(
    prefix="/api/webhooks",
    tags=["queue"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)


@router.get("/undelivered")
async def undelivered(request: Request, webhooks: WebhooksDep) -> Payload:
    """List the webhooks that no attempt delivered, the oldest first."""
    letters = await webhooks.undelivered(_owner(request))
    return {
        "webhooks": [
            {
                "id": letter.id,
                "url": letter.url,
                "created": round(letter.created),
                "attempts": letter.attempts,
                "error": letter.error,
            }
            for letter in letters
        ]
    }


@router.post("/undelivered/{webhook_id}")
async def send_again(request: Request, webhook_id: str, webhooks: WebhooksDep) -> Payload:
    """Try to deliver one once more, with all attempts."""
    await webhooks.send_again(webhook_id, _owner(request))
    return {"id": webhook_id, "status": "sending"}


@router.delete("/undelivered/{webhook_id}")
async def discard(request: Request, webhook_id: str, webhooks: WebhooksDep) -> Payload:
    """Remove one."""
    await webhooks.discard(webhook_id, _owner(request))
    return {"id": webhook_id, "status": "removed"}


def _owner(request: Request) -> str | None:
    """Return whose webhooks a caller sees: every one with a key, else those of his address."""
    if services_of(request).settings.access.api_keys:
        return None
    return caller_name(request)
