"""One transcription or translation for a client of OpenAI's API, as a job of the pipeline."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from fastapi import Request

from app.domain.errors import CuestreamError, NoSpeechError
from app.domain.events import Result
from app.domain.language import ENGLISH, Language
from app.domain.request import JobRequest, UploadedFile
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.dependencies import services_of
from app.services.jobs.runtime import JobRuntime
from app.services.translation.speech_pairs import EMBEDDED
from app.submission.audio_body import AudioJob
from app.submission.audio_output import AudioOutput, silent
from app.submission.openai_request import TranscriptionOptions
from app.submission.run_to_end import run_file, submit_file_patiently
from app.submission.voice_matching import result_with_voices


class TranscriptionWork:
    """The work for one request; its file is removed with its job, or where there is none.

    Args:
        request: its body has been read.
        options: what is wanted.
        file: that came along.
        target: language of a translation; None where none is wanted.
    """

    def __init__(
        self,
        request: Request,
        options: TranscriptionOptions,
        file: UploadedFile,
        target: Language | None = None,
    ) -> None:
        self._request = request
        self._services = services_of(request)
        self.options = options
        self._file = file
        self._target = target

    @property
    def model(self) -> str:
        """Name of the model that transcribes."""
        return self._services.readiness.engine_manager.engines.transcriber_name

    @property
    def translates_text(self) -> bool:
        """Whether texts are translated after their transcription.

        The embedded translator leaves the languages that it lacks to a transcriber that translates;
        small Whispers leave sentences as they are spoken, so they come second.
        """
        engines = self._services.readiness.engine_manager.engines
        embedded = self._services.settings.translation.provider == EMBEDDED
        by_transcriber = self._target == ENGLISH and engines.translates and not embedded
        return self._target is not None and not by_transcriber

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
                heard = await result_with_voices(
                    self._services, wanted, self.options.voices, partial(run_file, self._services)
                )
                wanted = replace(wanted, turns=heard.turns)
        except BaseException:
            with suppress(OSError):
                self._file.path.unlink(missing_ok=True)
            raise
        job = await submit_file_patiently(self._services, wanted)
        job.attach()
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
        spoken = self.options.body.language_code
        if self._target is None:
            return silent(spoken, audio_ms)
        return replace(silent(self._target.tag, audio_ms), spoken=spoken or "und")

    def finished(self, result: Result) -> Result:
        """Return a job's result as the answer has it: a translation is its text."""
        if self._target is None:
            return result
        if result.translated:
            return _translated(result, self._target)
        return replace(result, spoken=result.spoken or result.language)

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
        if self._target is None:
            return wanted
        if self.translates_text:
            return replace(wanted, target=self._target)
        return replace(wanted, task="translate")


def _translated(result: Result, target: Language) -> Result:
    """Return a result whose texts are their translations, a segment for each cue."""
    cues = tuple(replace(cue, text=cue.translation or cue.text, runs=()) for cue in result.cues)
    template = result.segments[0] if result.segments else None
    segments = tuple(
        replace(
            template,
            text=cue.text,
            span=cue.span,
            words=(),
            language=target.tag,
            confidence=cue.confidence,
            clear_until_ms=cue.span.end_ms,
        )
        for cue in cues
        if template is not None
    )
    return replace(
        result, cues=cues, segments=segments, language=target.tag, spoken=result.language
    )
