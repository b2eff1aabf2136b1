"""`/api/webhooks`: what could not be delivered, for the operator."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from app.domain.errors import JobNotFoundError, StorageError
from app.routers.access.api_keys import require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import services_of
from app.routers.described import described
from app.routers.encoders import Payload
from app.routers.job_answers import WebhookList, WebhookStanding
from app.routers.queue_dependencies import WebhooksDep
from app.routers.raised_errors import raises

router = APIRouter(
    prefix="/api/webhooks",
    tags=["queue"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)


@router.get(
    "/undelivered",
    **described("listUndeliveredWebhooks", "List webhooks that were not delivered", WebhookList),
)
async def undelivered(request: Request, webhooks: WebhooksDep) -> Payload:
    """List the webhooks that no attempt delivered, the oldest first."""
    deliveries = await webhooks.undelivered(_owner(request))
    return {
        "webhooks": [
            {
                "id": delivery.id,
                "url": delivery.url,
                "created": round(delivery.created),
                "attempts": delivery.attempts,
                "error": delivery.error,
            }
            for delivery in deliveries
        ]
    }


@router.post(
    "/undelivered/{webhook_id}",
    **described("sendWebhookAgain", "Try to deliver a webhook again", WebhookStanding),
)
@raises(JobNotFoundError, StorageError)
async def send_again(request: Request, webhook_id: str, webhooks: WebhooksDep) -> Payload:
    """Try to deliver one once more, with all attempts."""
    await webhooks.send_again(webhook_id, _owner(request))
    return {"id": webhook_id, "status": "sending"}


@router.delete(
    "/undelivered/{webhook_id}",
    **described("deleteWebhook", "Remove a webhook that was not delivered", WebhookStanding),
)
@raises(JobNotFoundError, StorageError)
async def discard(request: Request, webhook_id: str, webhooks: WebhooksDep) -> Payload:
    """Remove one."""
    await webhooks.discard(webhook_id, _owner(request))
    return {"id": webhook_id, "status": "removed"}


def _owner(request: Request) -> str | None:
    """Return whose webhooks a caller sees: every one with a key, else those of his address."""
    if services_of(request).settings.access.api_keys:
        return None
    return caller_name(request)
