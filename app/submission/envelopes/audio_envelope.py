"""The words of a recording, or its speakers, as the output of a job."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.domain.errors import CuestreamError, NoSpeechError, OverloadedError
from app.domain.events import Notice, Result
from app.domain.request import JobRequest
from app.services.jobs.runtime import JobRuntime
from app.submission.audio_body import AudioBody, AudioJob, address_of
from app.submission.audio_output import AudioOutput, silent, turns_output
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.submit import submit
from app.system.thread_groups import DISK

_PLACE_WAIT_S = 1.0


async def audio_output(job: EnvelopeJob) -> object:
    """Return what is said in a recording, or who speaks when, by the role of this worker.

    A recording without speech has an empty text, and no speakers.

    Raises:
        CuestreamError: the input is bad, or the job failed.
    """
    body = AudioBody.parse(job.input)
    settings = job.services.settings
    role = AudioJob(settings.role, settings.diarization.enabled)
    try:
        result = await _result(job, body, role)
    except CuestreamError as error:
        if error.code != NoSpeechError.code:
            raise
        audio_ms = error.audio_ms if isinstance(error, NoSpeechError) else 0
        result = silent(body.language, audio_ms)
    if role.role == "diarization":
        return turns_output(result.turns)
    return await _writer(job, body, role).written(result)


async def _result(job: EnvelopeJob, body: AudioBody, role: AudioJob) -> Result:
    work = await _submitted(job, body, role)
    work.attach()
    job.follow(work.id)
    try:
        return await work.wait_for_result()
    finally:
        work.detach(0)


def _writer(job: EnvelopeJob, body: AudioBody, role: AudioJob) -> AudioOutput:
    # What the orchestrator of the original workers answers: it asks for segments to merge.
    merged = role.role == "orchestrator" and body.wants_speakers
    model = job.services.readiness.engine_manager.engines.transcriber_name
    return AudioOutput(
        body,
        model,
        with_segments=merged or bool(body.diarization_segments),
        notices=_unavailable(body, role),
    )


def _unavailable(body: AudioBody, role: AudioJob) -> tuple[Notice, ...]:
    """Return a notice where an input wants speakers and its worker has no diarizer."""
    if body.diarize and not role.has_diarizer and not body.diarization_segments:
        return (Notice("speakers_unavailable", "This worker does not tell speakers apart"),)
    return ()


async def _submitted(job: EnvelopeJob, body: AudioBody, role: AudioJob) -> JobRuntime:
    """Submit the request, waiting for a place as a queue does."""
    while True:
        try:
            if body.is_address:
                return await _submit(job, role.request(body, address_of(body)))
            return await _submit_sound(job, body, role)
        except OverloadedError:
            await asyncio.sleep(_PLACE_WAIT_S)


async def _submit_sound(job: EnvelopeJob, body: AudioBody, role: AudioJob) -> JobRuntime:
    """Submit audio of the body itself; a job that begins owns its file."""
    body.ending()
    path = job.services.workdir.new_file()
    try:
        upload = await DISK.run(body.write_audio, path)
        return await _submit(job, role.request(body, upload))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _submit(job: EnvelopeJob, request: JobRequest) -> JobRuntime:
    return await submit(job.services, replace(request, caller=job.caller, holder=job.holder))
