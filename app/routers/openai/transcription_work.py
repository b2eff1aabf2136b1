"""One transcription or translation for a client of OpenAI's API, as a job of the pipeline."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from fastapi import Request

from app.domain.errors import CuestreamError, NoSpeechError
from app.domain.events import Result
from app.domain.language import ENGLISH
from app.domain.request import JobRequest, UploadedFile
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.dependencies import services_of
from app.services.jobs.runtime import JobRuntime
from app.submission.audio_body import AudioJob
from app.submission.audio_output import AudioOutput, silent
from app.submission.openai_request import TranscriptionOptions
from app.submission.run_to_end import submit_patiently
from app.submission.voice_matching import with_known_voices
from app.system.thread_groups import DISK

_PATIENCE_S = 20.0


class TranscriptionWork:
    """The work for one request; its file is removed with its job, or where there is none.

    Args:
        request: its body has been read.
        options: what is wanted.
        file: that came along.
        into_english: whether a translation is wanted.
    """

    def __init__(
        self,
        request: Request,
        options: TranscriptionOptions,
        file: UploadedFile,
        *,
        into_english: bool = False,
    ) -> None:
        self._request = request
        self._services = services_of(request)
        self.options = options
        self._file = file
        self._into_english = into_english

    @property
    def model(self) -> str:
        """Name of the model that transcribes."""
        return self._services.readiness.engine_manager.engines.transcriber_name

    @property
    def translates_text(self) -> bool:
        """Whether texts are translated after their transcription."""
        engines = self._services.readiness.engine_manager.engines
        return self._into_english and not engines.translates

    def output(self) -> AudioOutput:
        """Return the writer of the answer."""
        return AudioOutput(self.options.body, self.model)

    async def job(self) -> JobRuntime:
        """Return the job, which the caller has attached to already.

        Raises:
            CuestreamError: the request or its file is bad, or the server is full.
        """
        try:
            wanted = self._job_request()
            if self.options.voices and wanted.diarize:
                wanted = await with_known_voices(self._services, wanted, self.options.voices)
            job = await self._submitted(wanted)
        except BaseException:
            with suppress(OSError):
                self._file.path.unlink(missing_ok=True)
            raise
        job.attach()
        return job

    async def _submitted(self, wanted: JobRequest) -> JobRuntime:
        """Submit a request; while every place is taken it waits a while for one.

        Open WebUI sends the parts of a recording side by side and gives all of them up when one is
        refused.
        """

        async def attempt() -> JobRequest:
            """Return the request with another name of its file: a refusal removes that one."""
            if not isinstance(wanted.source, UploadedFile):
                return wanted
            own = wanted.source.path
            link = await DISK.run(self._services.workdir.new_link, own, own.suffix)
            return replace(wanted, source=replace(wanted.source, path=link))

        # A refusal has to come before a late answer begins, which is 200 by then.
        silence_s = self._services.settings.server.sync_keepalive_after_s
        patience_s = min(_PATIENCE_S, silence_s / 2)
        job = await submit_patiently(self._services, attempt, patience_s)
        if isinstance(wanted.source, UploadedFile):
            await DISK.run(wanted.source.path.unlink, True)
        return job

    async def result(self) -> Result:
        """Return the result; that of a recording without speech is empty.

        Raises:
            CuestreamError: there is none.
        """
        try:
            job = await self.job()
            try:
                return self.finished(await job.wait_for_result())
            finally:
                job.detach(0)
        except CuestreamError as error:
            if error.code != NoSpeechError.code:
                raise
            audio_ms = error.audio_ms if isinstance(error, NoSpeechError) else 0
            return self.without_speech(audio_ms)

    def without_speech(self, audio_ms: int = 0) -> Result:
        """Return the result of a recording in which nobody speaks."""
        return silent(self.options.body.language_code, audio_ms)

    def finished(self, result: Result) -> Result:
        """Return a job's result as the answer has it: a translation is its text."""
        return _translated(result) if result.translated else result

    def _job_request(self) -> JobRequest:
        settings = self._services.settings
        role = AudioJob(settings.role, settings.diarization.enabled)
        wanted = role.request(self.options.body, self._file)
        wanted = replace(
            wanted,
            # Whoever needs speakers is refused where there is nothing that finds them.
            diarize=wanted.diarize or self.options.diarized,
            caller=caller_of(self._request),
            holder=caller_name(self._request),
        )
        if not self._into_english:
            return wanted
        if self.translates_text:
            return replace(wanted, target=ENGLISH)
        return replace(wanted, task="translate")


def _translated(result: Result) -> Result:
    """Return a result whose texts are their translations, a segment for each cue."""
    cues = tuple(replace(cue, text=cue.translation or cue.text, runs=()) for cue in result.cues)
    template = result.segments[0] if result.segments else None
    segments = tuple(
        replace(
            template,
            text=cue.text,
            span=cue.span,
            words=(),
            language=ENGLISH.tag,
            confidence=cue.confidence,
            clear_until_ms=cue.span.end_ms,
        )
        for cue in cues
        if template is not None
    )
    return replace(
        result, cues=cues, segments=segments, language=ENGLISH.tag, spoken=result.language
    )
