"""Notifies clients of other vendors' APIs that their transcripts have ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping

from app.container import Services
from app.domain.errors import CuestreamError, DrainingError
from app.services.jobs.runtime import JobRuntime
from app.submission.job_payloads import Payload
from app.submission.queue.webhooks import Webhooks
from app.submission.vendors import listen_callback, transcript_order
from app.system.thread_groups import DOCUMENTS

_PAYLOADS: Mapping[str, Callable[[JobRuntime, str], Payload]] = {
    listen_callback.KIND: listen_callback.callback_payload,
    transcript_order.KIND: transcript_order.webhook_payload,
}
"""What is sent at the end of a job, by the name of its door."""


class TranscriptEnds:
    """Follows jobs of these doors to their ends, in the process that works on them.

    Args:
        services: of the process.
        webhooks: deliver what is sent.
    """

    def __init__(self, services: Services, webhooks: Webhooks) -> None:
        self._services = services
        self._webhooks = webhooks
        self._followers: set[asyncio.Task[None]] = set()

    def begun(self, job: JobRuntime) -> None:
        """Follow a job that this process begins from the queue, if its door wants that."""
        options = job.record.queue
        address = options.details.get("webhook") if options else None
        if options is None or options.kind not in _PAYLOADS or not isinstance(address, str):
            return
        task = asyncio.create_task(self._follow(job, address), name=f"transcript-{job.id}")
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)

    async def close(self) -> None:
        """Follow no job any more, since the server leaves."""
        for task in self._followers:
            task.cancel()
        await asyncio.gather(*self._followers, return_exceptions=True)

    async def _follow(self, job: JobRuntime, address: str) -> None:
        job.attach()
        try:
            await job.wait_for_result()
        except DrainingError:
            return  # another process goes on with it, or this one once it is back
        except CuestreamError:
            pass  # the payload says so
        finally:
            job.detach()
        options = job.record.queue
        if options is None or job.running:
            return
        model = self._services.readiness.engine_manager.engines.transcriber_name
        payload = await DOCUMENTS.run(_PAYLOADS[options.kind], job, model)
        body = json.dumps(payload, ensure_ascii=False)
        headers = transcript_order.webhook_headers(options)
        self._webhooks.send(address, options.owner, body, headers)
