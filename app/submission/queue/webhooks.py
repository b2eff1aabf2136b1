"""Delivery of webhooks: signed, retried with growing waits, kept where nobody takes them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import stamina
import structlog

from app.domain.errors import (
    CuestreamError,
    JobNotFoundError,
    SourceError,
    StorageError,
    UrlBlockedError,
)
from app.services.net.pinned_transport import PinnedTransport
from app.services.net.ssrf_guard import SsrfGuard
from app.settings import QueueSettings, Settings
from app.submission.queue.ticket import Ticket
from app.submission.queue.video_webhook import webhook_body, webhook_headers
from app.submission.queue.webhook_deliveries import DeliveryFolder, WebhookDelivery, new_delivery
from app.system.fair_places import CALLER, FairPlaces
from app.system.thread_groups import DISK

log = structlog.get_logger()

_AT_A_TIME = 8
_OWNER_AT_A_TIME = _AT_A_TIME // 2
"""A server that never answers takes a place for as long as it may, whoever waits behind it."""

_LONGEST_WAIT_S = 600.0
_SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin, not one


class NotTakenError(Exception):
    """A webhook's server did not take it."""


class Webhooks:
    """Tells the addresses that jobs name of their ends.

    A delivery is on disk from the job's end until its server has taken it, so a restart sends it
    again; the receiver may get it twice, under the same id. Its body is in memory only while it is
    sent. Owners take turns.

    Args:
        settings: of the process.
        folder: for deliveries.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings.queue
        self._box = DeliveryFolder(folder)
        self._guard = SsrfGuard(settings.sources.allow_private_urls)
        self._places = FairPlaces(
            _AT_A_TIME, sys.maxsize, sys.maxsize, caller_places=_OWNER_AT_A_TIME
        )
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._start: asyncio.Task[None] | None = None
        self._sending_again = asyncio.Lock()

    def check(self, url: str) -> None:
        """Check a webhook's address without resolving it.

        Raises:
            UrlBlockedError: it must not be reached.
        """
        self._guard.parse(url)

    def start(self) -> None:
        """Send again what an earlier process did not get delivered."""
        self._start = asyncio.create_task(self._resume(), name="webhooks-resume")

    def tell(self, ticket: Ticket) -> None:
        """Tell a job's address that it has ended; nothing where it names none."""
        if ticket.order.webhook is None:
            return
        body = json.dumps(webhook_body(ticket), ensure_ascii=False)
        delivery = new_delivery(
            uuid.uuid4().hex, ticket.order.webhook, ticket.order.owner.name, body
        )
        self._deliver_later(delivery)

    def send(self, url: str, owner: str, body: str, headers: Mapping[str, str]) -> None:
        """Send a body to an address as a webhook.

        Args:
            url: the address, checked by `check`.
            owner: whose job it is about.
            body: JSON text.
            headers: that the receiver wants beside the usual ones.
        """
        delivery = new_delivery(uuid.uuid4().hex, url, owner, body)
        delivery.headers = dict(headers)
        self._deliver_later(delivery)

    async def undelivered(self, owner: str | None) -> list[WebhookDelivery]:
        """Return the deliveries that wait for a person: an owner's, or all."""
        deliveries = await DISK.run(self._box.all)
        return [each for each in deliveries if each.given_up and owner in (None, each.owner)]

    async def send_again(self, delivery_id: str, owner: str | None) -> None:
        """Try to deliver a delivery once more, with all attempts; nothing where that goes on.

        Raises:
            JobNotFoundError: there is none of that id, or it is somebody else's.
            StorageError: the disk is full.
        """
        async with self._sending_again:  # of two who ask at once one finds it being delivered
            delivery = await self._owned(delivery_id, owner)
            if not delivery.given_up:
                return
            delivery.given_up, delivery.attempts = False, 0
            await DISK.run(self._box.update, delivery)
            self._deliver_later(delivery, is_new=False)

    async def discard(self, delivery_id: str, owner: str | None) -> None:
        """Remove a delivery; where it is being delivered, that ends.

        Raises:
            JobNotFoundError: there is none of that id, or it is somebody else's.
        """
        delivery = await self._owned(delivery_id, owner)
        if (task := self._tasks.get(delivery.id)) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await DISK.run(self._box.remove, delivery.id)

    async def close(self) -> None:
        """Stop; what is not delivered stays on disk."""
        tasks = [*self._tasks.values(), *([self._start] if self._start else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _owned(self, delivery_id: str, owner: str | None) -> WebhookDelivery:
        delivery = await DISK.run(self._box.read, delivery_id)
        if owner not in (None, delivery.owner):
            delivery = await DISK.run(self._box.read, "")
        return delivery

    async def _resume(self) -> None:
        for delivery in await DISK.run(self._box.all):
            if not delivery.given_up and delivery.id not in self._tasks:
                self._deliver_later(delivery, is_new=False)

    def _deliver_later(self, delivery: WebhookDelivery, *, is_new: bool = True) -> None:
        task = asyncio.create_task(self._deliver(delivery, is_new), name=f"webhook-{delivery.id}")
        self._tasks[delivery.id] = task
        task.add_done_callback(lambda done: self._ended(delivery.id, done))

    def _ended(self, delivery_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(delivery_id) is task:  # else it is being tried anew
            del self._tasks[delivery_id]

    async def _deliver(self, delivery: WebhookDelivery, is_new: bool) -> None:
        CALLER.set(delivery.owner)
        try:
            if is_new:
                await self._write(self._box.add, delivery)
                delivery.body = ""
        except StorageError as error:
            log.error("webhook is not stored", webhook_id=delivery.id, reason=error.message)
        try:
            await self._attempts(delivery)
        except JobNotFoundError:
            log.info("webhook was removed ahead of its delivery", webhook_id=delivery.id)
        except (NotTakenError, CuestreamError) as error:
            delivery.given_up, delivery.error = True, str(error)
            log.warning("webhook not delivered", webhook_id=delivery.id, reason=str(error))
            await self._write(self._box.update, delivery)
        else:
            await DISK.run(self._box.remove, delivery.id)

    async def _write(
        self, write: Callable[[WebhookDelivery], None], delivery: WebhookDelivery
    ) -> None:
        """Write a delivery; who is cancelled waits for that, so that it is not written later.

        Raises:
            StorageError: the disk is full.
        """
        writing = asyncio.ensure_future(DISK.run(write, delivery))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    async def _attempts(self, delivery: WebhookDelivery) -> None:
        """Send a delivery until it is taken.

        Raises:
            NotTakenError: no attempt was successful.
            UrlBlockedError: its address must not be reached.
            JobNotFoundError: it was removed meanwhile.
        """
        settings = self._settings
        async for attempt in stamina.retry_context(
            on=(NotTakenError, SourceError),
            attempts=settings.webhook_attempts,
            timeout=None,
            wait_initial=settings.webhook_first_wait_s,
            wait_max=_LONGEST_WAIT_S,
            wait_jitter=settings.webhook_first_wait_s / 2,
        ):
            with attempt:
                delivery.attempts = attempt.num
                async with self._places.place():
                    await self._post(delivery)

    async def _post(self, delivery: WebhookDelivery) -> None:
        """Send a delivery once; a redirect is not followed.

        Raises:
            NotTakenError: the server did not answer 2xx in time.
            UrlBlockedError: its address must not be reached.
            JobNotFoundError: it was removed meanwhile.
        """
        body = (delivery.body or await DISK.run(self._box.body, delivery.id)).encode()
        usual = {"Content-Type": "application/json", "User-Agent": "Cuestream"}
        headers = {**delivery.headers, **usual}
        headers |= signature_headers(delivery.id, body, self._settings)
        tls = await asyncio.to_thread(httpx.create_ssl_context)
        try:
            async with (
                asyncio.timeout(self._settings.webhook_timeout_s),
                httpx.AsyncClient(
                    transport=PinnedTransport(self._guard, tls), trust_env=False
                ) as client,
                client.stream("POST", delivery.url, content=body, headers=headers) as response,
            ):
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise NotTakenError(f"No answer ({type(error).__name__})") from None
        except UrlBlockedError:
            raise
        if not 200 <= status < 300:
            raise NotTakenError(f"Answered {status}")


def signature_headers(delivery_id: str, body: bytes, settings: QueueSettings) -> dict[str, str]:
    """Return the headers that identify a webhook, signed where there is a secret.

    Source: the Standard Webhooks specification, symmetric signatures (v1). Those of video services'
    routes have the headers of their receivers beside them.
    """
    timestamp = str(int(time.time()))
    headers = {"webhook-id": delivery_id, "webhook-timestamp": timestamp}
    secret = settings.webhook_secret and settings.webhook_secret.get_secret_value()
    headers |= webhook_headers(body, timestamp, secret or None)
    if not secret:
        return headers
    key = _signing_key(secret)
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {**headers, "webhook-signature": f"v1,{digest}"}


def _signing_key(secret: str) -> bytes:
    """Return the key of a secret: the bytes of its Base64, or those of its text."""
    if secret.startswith(_SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
