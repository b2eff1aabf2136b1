"""Subtitles as the output of a job, in parts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from pydantic import ValidationError

from app.domain.cue import Cue
from app.domain.errors import BadRequestError, InvalidFieldError, OverloadedError
from app.domain.events import CuesDropped, CuesReady, Event, Progress, Result
from app.services.jobs.runtime import JobRuntime
from app.submission.audio_body import MISSING_AUDIO
from app.submission.envelopes.envelope import EnvelopeJob, Report
from app.submission.field_problems import describe
from app.submission.file_delivery import FileDelivery, s3_config
from app.submission.job_payloads import Payload, cue_payload, progress_payload, result_payload
from app.submission.submit import SentBody, submit_body
from app.submission.subtitle_body import SubtitleBody

PART_CUES = 100
"""Most cues of a part: about 20 kB, while a queue's parts may have 1 MB."""

_PART_FORMAT_CHARS = 200_000
"""Subtitle files that are longer together come in a part each; escapes of JSON take six bytes a
character at most, so a part stays below 1 MB unless one file alone is longer."""

_PART_SHOT_CHANGES = 20_000
"""More of them come in a part of their own: the most that are looked for take 800 kB."""

_REPORT_S = 2.0
_PLACE_WAIT_S = 1.0


def subtitle_body(fields: Mapping[str, Any]) -> SubtitleBody:
    """Return the body of an input.

    Raises:
        InvalidFieldError: a field is of the wrong type.
    """
    try:
        return SubtitleBody.model_validate(fields)
    except ValidationError as error:
        raise InvalidFieldError(
            describe(error.errors(include_url=False, include_input=False))
        ) from None


async def subtitle_parts(job: EnvelopeJob) -> AsyncGenerator[object, None]:
    """Yield subtitles as ``{"subtitles": [...]}``, each cue once, sorted by start.

    Cues come as soon as all earlier ones are there. The last part also has what else the result
    holds, so that the parts put together are the answer of `/api/process`.

    Raises:
        CuestreamError: the input is bad, or the job failed.
    """
    if not job.input and job.services.settings.role != "all":
        # Workers with a part among several are asked for words and speakers.
        raise BadRequestError(MISSING_AUDIO)
    body = subtitle_body(job.input)
    if job.s3_config is not None and body.s3_config is None:
        body = body.model_copy(update={"s3_config": dict(job.s3_config)})
    work = await _submitted(job, body)
    work.attach()
    job.follow(work.id)
    try:
        delivery = _delivery(job, body) if body.stores_files else None
        following = followed_parts(work, body.wanted_formats, job.report, delivery)
        async with aclosing(following) as parts:
            async for part in parts:
                yield part
    finally:
        work.detach(0)


async def followed_parts(
    work: JobRuntime,
    formats: Sequence[str],
    report: Report,
    delivery: FileDelivery | None = None,
) -> AsyncGenerator[object, None]:
    """Yield the parts of a job that runs, or has ended; see `subtitle_parts`.

    Args:
        work: the job.
        formats: subtitle files that the last part has.
        report: takes its progress.
        delivery: stores the files, so that the last part has links to them; None for their texts.

    Raises:
        CuestreamError: the job failed.
    """
    sent = SentCues(in_order=not (work.request.position_ms or work.request.diarize))
    async with aclosing(_final_cues(work, sent, report)) as batches:
        async for cues in batches:
            yield {"subtitles": [cue_payload(cue) for cue in cues]}
    result = await work.wait_for_result()
    async for part in _last_parts(work, result, sent, formats, delivery):
        yield part


async def _submitted(job: EnvelopeJob, body: SubtitleBody) -> JobRuntime:
    """Submit the body, waiting for a place as a queue does."""
    while True:
        try:
            sent = SentBody(body, job.caller, job.holder, base_url=job.base_url)
            return await submit_body(job.services, sent)
        except OverloadedError:
            if body.upload_id:
                raise
            await asyncio.sleep(_PLACE_WAIT_S)


def _delivery(job: EnvelopeJob, body: SubtitleBody) -> FileDelivery:
    own = s3_config(body.s3_config)
    return FileDelivery(job.services.files, job.holder, own, job.base_url)


class SentCues:
    """The cues of a job in the order of their ids, which is that of their starts.

    Args:
        in_order: whether cues are laid out from the recording's beginning to its end and are
            final at once; where not, none is ready before the end.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._waiting: dict[int, Cue | None] = {}
        self._next_id = 0
        self._end_ms = 0
        self._sent: set[int] = set()

    def take(self, event: Event) -> None:
        """Take an event of the job's log."""
        if isinstance(event, CuesReady) and event.final and self._in_order:
            self._waiting |= {cue.id: cue for cue in event.cues}
        elif isinstance(event, CuesDropped):
            self._waiting |= dict.fromkeys(event.ids)

    def ready(self) -> Iterator[Cue]:
        """Yield the cues that may be sent: all earlier ones are sent already."""
        while self._next_id in self._waiting:
            cue = self._waiting[self._next_id]
            if cue is not None and cue.span.start_ms < self._end_ms:
                self._in_order = False
                self._waiting.clear()
                return
            del self._waiting[self._next_id]
            self._next_id += 1
            if cue is not None:
                self._end_ms = cue.span.start_ms
                self._sent.add(cue.id)
                yield cue

    def rest(self, cues: Sequence[Cue]) -> list[Cue]:
        """Return those of a result's cues that were not sent."""
        return [cue for cue in cues if cue.id not in self._sent]


async def _final_cues(
    work: JobRuntime, sent: SentCues, report: Report
) -> AsyncGenerator[Sequence[Cue], None]:
    """Follow a job to its end; report its progress on the way."""
    reports = _Reports(report)
    async with aclosing(work.log.until_closed()) as events:
        async for event in events:
            sent.take(event)
            if isinstance(event, Progress):
                await reports.tell(event)
            # A part an event, however late it is read, so that whoever reads a job, now or
            # after a restart, finds the same parts.
            for cues in _slices(list(sent.ready())):
                yield cues


class _Reports:
    """Reports each stage, and progress within one now and then."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._stage = ""
        self._told_s = 0.0

    async def tell(self, progress: Progress) -> None:
        now_s = time.monotonic()
        if progress.stage == self._stage and now_s - self._told_s < _REPORT_S:
            return
        self._stage, self._told_s = progress.stage, now_s
        await self._report(progress_payload(progress))


async def _last_parts(
    work: JobRuntime,
    result: Result,
    sent: SentCues,
    formats: Sequence[str],
    delivery: FileDelivery | None = None,
) -> AsyncGenerator[Payload, None]:
    payload = await result_payload(result, work, formats)
    if delivery is not None:
        payload = await delivery.deliver(payload, work)
    files: Any = payload.pop("formats", {})
    binary: Any = payload.pop("formats_base64", [])
    *slices, last = list(_slices(sent.rest(result.cues))) or [[]]
    for cues in slices:
        yield {"subtitles": [cue_payload(cue) for cue in cues]}
    if sum(map(len, files.values())) > _PART_FORMAT_CHARS:
        for name, text in files.items():
            yield {"subtitles": [], **_files({name: text}, binary)}
        files = {}
    if len(result.video.shot_changes_ms) > _PART_SHOT_CHANGES and "video" in payload:
        yield {"subtitles": [], "video": payload.pop("video")}
    payload["subtitles"] = [cue_payload(cue) for cue in last]
    yield payload | (_files(files, binary) if files else {})


def _files(files: Mapping[str, str], binary: Sequence[str]) -> Payload:
    """Return files with which of them are in base64."""
    in_base64 = [name for name in files if name in binary]
    return {"formats": files} | ({"formats_base64": in_base64} if in_base64 else {})


def _slices(cues: Sequence[Cue]) -> Iterator[Sequence[Cue]]:
    for place in range(0, len(cues), PART_CUES):
        yield cues[place : place + PART_CUES]
