"""Records of jobs as rows of a database, and back."""

from __future__ import annotations

import time
from dataclasses import replace

from app.domain.events import Progress
from app.services.jobs.caller_notes import CallerNotes
from app.services.jobs.event_log import EventLog
from app.services.jobs.job_summary import JobSummary, title_of
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.store.encoded_events import encoded_events
from app.services.jobs.store.event_codec import decode_value, encode_value
from app.services.jobs.store.job_rows import JobRow, NewJob
from app.services.jobs.store.request_codec import decode_request, encode_request
from app.services.jobs.store.secret_box import SecretBox


class JobRowCodec:
    """Turns records into rows and rows into records; secrets are encrypted in rows.

    Args:
        box: encrypts them.
    """

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def row_of(self, record: JobRecord) -> NewJob:
        """Return the row of a new record, with the events that it has."""
        queue = record.queue
        events = encoded_events(record.log.beyond(0))
        bare = None if queue is None else encode_value(replace(queue, secrets={}))
        secrets = self._box.seal(record.id, queue.secrets) if queue else None
        request = encode_request(record.request)
        own_bytes = sum(len(each or b"") for each in (request, bare, secrets))
        return NewJob(
            id=record.id,
            request=request,
            request_key=record.request.key,
            owner=record.owner,
            caller=record.request.caller,
            title=title_of(record),
            kind=queue.kind if queue else "",
            state="queued" if record.queued else events.state,
            events=events.events,
            weight_bytes=events.weight_bytes + own_bytes,
            queue=bare,
            secrets=secrets,
            callers=self.encoded_notes(record),
            progress=events.progress,
            priority=queue.priority if queue else 0,
            delay_s=queue.delay_s if queue else 0.0,
            ttl_s=queue.ttl_s if queue else None,
            idempotency_key=queue.idempotency_key if queue else None,
            is_call=queue.is_call if queue else False,
        )

    def record_of(self, row: JobRow) -> JobRecord:
        """Return the record of a row, without its events."""
        now = time.monotonic()
        return JobRecord(
            decode_request(row.request),
            row.id,
            EventLog(),
            now - row.age_s,
            None if row.ended_age_s is None else now - row.ended_age_s,
            queue=self._options(row),
            queued=row.state == "queued",
            callers=self._notes(row),
            fence=row.fence,
            attempts=row.attempts,
            stored=True,
        )

    def encoded_notes(self, record: JobRecord) -> bytes:
        """Return what a record says of its callers, their stores encrypted."""
        stores = {
            caller: self._box.seal_text(record.id, text)
            for caller, text in record.callers.stores.items()
        }
        return encode_value(replace(record.callers, stores=stores))

    def _notes(self, row: JobRow) -> CallerNotes:
        notes: CallerNotes = decode_value(CallerNotes, row.callers)
        notes.stores = {
            caller: self._box.open_text(row.id, text) for caller, text in notes.stores.items()
        }
        return notes

    def _options(self, row: JobRow) -> QueueOptions | None:
        if row.queue is None:
            return None
        options: QueueOptions = decode_value(QueueOptions, row.queue)
        return replace(options, secrets=self._box.open(row.id, row.secrets))


def summary_of(row: JobRow) -> JobSummary:
    """Return what a list of jobs shows of a row."""
    now = time.time()
    ended = row.ended_age_s
    return JobSummary(
        id=row.id,
        state=row.state,
        created_ms=round((now - row.age_s) * 1000),
        ended_ms=None if ended is None else round((now - ended) * 1000),
        title=row.title,
        progress=None if row.progress is None else decode_value(Progress, row.progress),
        kind=row.kind,
        code=row.code,
    )
