"""What an operation works with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.cue import Cue
from app.domain.errors import (
    EmptyMediaError,
    MediaTooLongError,
    PayloadTooLargeError,
    SourceUnsupportedError,
)
from app.domain.events import Notice, Progress
from app.domain.request import JobRequest
from app.domain.transcript import Word
from app.services.batch.media_downloads import MediaDownloads
from app.services.cache.caches import Caches
from app.services.files.result_file import FileLink, NewFile
from app.services.media.byte_stream import spool
from app.services.media.encode_places import usable_cores
from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode
from app.services.media.ffmpeg_progress import EncodeProgress
from app.services.media.ffmpeg_runner import BuildGraph, FfmpegRunner, FfmpegWork
from app.services.media.media_facts import MediaFacts, media_facts
from app.services.media.track_lengths import (
    copied_tracks,
    is_length_untold,
    with_lengths_of,
)
from app.services.media.video_encoders import MOST_BITS_PER_S
from app.services.net.fetch import Fetcher
from app.services.net.transfer import HTML_TYPES
from app.services.operations.activity import MESSAGES, Activity
from app.services.operations.media_source import LocalMedia, MediaSource
from app.services.translation.translator import Ledger, Translator
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.settings import Settings
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_AUDIO_BITS_PER_S = 400_000
_CONTAINER_BYTES = 16 * 2**20
_TEXT_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True)
class OperationProgress:
    """How far an operation is.

    Attributes:
        activity: what it does, for programs.
        message: the same for people, in English.
        percent: of the whole, 0..100.
        eta_ms: time to the end of the present step; None while it is not known.
        step: from 1.
        total_steps: of the operation.
        ready: what can be used already, such as the address of a playlist.
    """

    activity: Activity
    message: str
    percent: float
    eta_ms: int | None = None
    step: int = 1
    total_steps: int = 1
    ready: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobCues:
    """The cues of a subtitle job.

    Attributes:
        cues: in order of their start.
        language: BCP 47 tag of what is spoken; ``und`` where it is not known.
        target: BCP 47 tag of the translations; None without them.
        words: what is spoken, with its times, where they are known; in order.
        notices: of the job.
    """

    cues: Sequence[Cue]
    language: str
    target: str | None
    words: Sequence[Word] = ()
    notices: tuple[Notice, ...] = ()


RunSubtitles = Callable[
    [Callable[[], Awaitable[JobRequest]], Callable[[Progress], None]], Awaitable[JobCues]
]
"""Runs the request that its first argument makes for each try, telling the job's progress."""


@dataclass(frozen=True, slots=True)
class OperationServices:
    """The services of the process that operations use.

    Attributes:
        settings: of the process.
        fetcher: downloads from checked addresses alone.
        ffmpeg: runs it.
        synthesizer: speaks.
        job_cues: returns the cues of a subtitle job by its id, as somebody has edited them unless
            the name is None; see `cues_of_job`.
        subtitles: runs a request for subtitles and returns its cues, telling its progress.
        translator: the translator; raises `NotReadyError` until it is loaded.
        open_ledger: returns the account of a job for the caller who pays for it.
        caches: results of earlier jobs.
        downloads: of videos, from pages too.
    """

    settings: Settings
    fetcher: Fetcher
    ffmpeg: FfmpegRunner
    synthesizer: SpeechSynthesizer
    job_cues: Callable[[str, str | None], Awaitable[JobCues]]
    subtitles: RunSubtitles
    translator: Callable[[], Translator]
    open_ledger: Callable[[str], Ledger]
    caches: Caches
    downloads: MediaDownloads


@dataclass(frozen=True, slots=True)
class OperationContext:
    """What one run of an operation works with.

    Attributes:
        services: of the process.
        folder: its own; removed once the files that it made are stored.
        tell: takes its progress; the latest one is shown, so it may be told as often as it likes.
        deliver: stores a file and returns a signed link to it, for results that name files inside
            files; those of an `OperationResult` are stored without it.
        part: the share of the progress that the present step has: percent at its begin and end.
        step: number of the present step, from 1.
        total_steps: of the operation.
        caller: who pays for what models do; empty where no key is needed.
        holder: who holds the places that it takes; see `JobRequest`.
        ready: what can be used before the end, which its progress tells; shared by all steps.
    """

    services: OperationServices
    folder: Path
    tell: Callable[[OperationProgress], None]
    deliver: Callable[[NewFile], Awaitable[FileLink]]
    part: tuple[float, float] = field(default=(0.0, 100.0))
    step: int = 1
    total_steps: int = 1
    caller: str = ""
    holder: str = ""
    ready: dict[str, object] = field(default_factory=dict)

    def steps(self, *shares: float) -> list[OperationContext]:
        """Return a context for each step of an operation, whose progress goes from 0 to 100 as one.

        Args:
            shares: of the time that the steps take, about.
        """
        begin, end = self.part
        ends = [
            begin + (end - begin) * sum(shares[: n + 1]) / sum(shares) for n in range(len(shares))
        ]
        begins = [begin, *ends[:-1]]
        return [
            replace(self, part=part, step=number, total_steps=len(shares))
            for number, part in enumerate(zip(begins, ends, strict=True), 1)
        ]

    def progress(
        self, activity: Activity, percent: float, eta_ms: int | None = None, message: str = ""
    ) -> None:
        """Report the progress of the present step.

        Args:
            activity: what is done.
            percent: of the step, 0..100.
            eta_ms: time to its end.
            message: for people; that of the activity in `MESSAGES` unless given.
        """
        begin, end = self.part
        shown = round(begin + (end - begin) * percent / 100, 1)
        ready = dict(self.ready)
        told = message or MESSAGES[activity]
        steps = self.step, self.total_steps
        self.tell(OperationProgress(activity, told, shown, eta_ms, *steps, ready))

    async def job_cues(self, job_id: str | None, *, edited: bool) -> JobCues:
        """Return the cues of a subtitle job.

        Args:
            job_id: of the job.
            edited: whether they are to be as the caller has edited them, if he has.

        Raises:
            JobNotFoundError: there is no such job.
            CuestreamError: see `cues_of_job`.
        """
        return await self.services.job_cues(job_id or "", self.caller if edited else None)

    async def fetch(self, source: MediaSource, name: str) -> Path:
        """Return the file of a source, downloaded into the folder where it is an address.

        Args:
            source: an address, or an upload.
            name: for its file in the folder; ours, not a caller's.

        Raises:
            EmptyMediaError: it has no bytes.
            UrlBlockedError, SourceError, PayloadTooLargeError: see `Fetcher.get`.
            SourceUnsupportedError: it is a web page.
            StorageError: the disk is full.
        """
        if isinstance(source, LocalMedia):
            if not source.path.stat().st_size:
                raise EmptyMediaError("The uploaded file is empty")
            return source.path
        path = self.folder / name
        self.progress("downloading", 0)
        async with self.services.fetcher.get(source) as body:
            if body.content_type in HTML_TYPES:
                raise SourceUnsupportedError("The address leads to a web page, not to a media file")
            await spool(body.chunks, path)
        if not path.stat().st_size:
            raise EmptyMediaError(f"Downloaded file is empty: {shown_address(source)}")
        return path

    async def fetch_text(self, source: MediaSource, name: str) -> bytes:
        """Return the bytes of a source that is a text.

        Raises:
            PayloadTooLargeError: it is larger than a text may be.
            CuestreamError: see `fetch`.
        """
        path = await self.fetch(source, name)
        if path.stat().st_size > _TEXT_BYTES:
            raise PayloadTooLargeError(_TEXT_BYTES // 2**20, "Text")
        with storage_errors():
            return await DISK.run(path.read_bytes)

    async def facts(self, path: Path, demuxers: str = DEMUXERS) -> MediaFacts:
        """Return what a media file holds, and check its length.

        A recording whose container tells no length is measured by a copy of its tracks.

        Raises:
            MediaTooLongError: it is longer than the server's limit.
            MediaError: it cannot be read.
            StorageError: there is no room for the copy.
        """
        facts = await media_facts(path, demuxers)
        if is_length_untold(facts):
            facts = await self._measured(path, facts)
        self.check_length(facts.duration_ms)
        return facts

    async def _measured(self, path: Path, facts: MediaFacts) -> MediaFacts:
        copy = self.folder / f"{path.name}-measured.mkv"
        graph = copied_tracks(path, facts, copy)
        try:
            await self.run(graph, copy, 0, copied_bytes=2 * facts.size_bytes)
            return with_lengths_of(facts, await media_facts(copy))
        finally:
            await DISK.run(copy.unlink, missing_ok=True)

    def check_length(self, length_ms: int) -> None:
        """Check the length of media against the server's limit, ahead of the work.

        Raises:
            MediaTooLongError: it is longer.
        """
        limit_s = self.services.settings.jobs.max_duration_s
        if length_ms > limit_s * 1000:
            raise MediaTooLongError(
                f"The media is {length_ms / 1000:.0f} s long; this server takes {limit_s} s at most"
            )

    async def encode(
        self,
        build: BuildGraph,
        output: Path,
        length_ms: int,
        *,
        copied_bytes: int = 0,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Make a video; see `FfmpegRunner.encode`.

        Args:
            build: the graph for an encoder's options.
            output: the file that it makes.
            length_ms: of it.
            copied_bytes: that are taken over from inputs at most.
            on_warning: called with each line of ffmpeg's warnings.

        Returns:
            The encoder's name.
        """
        work = self._work(output, length_ms, copied_bytes, "encoding")
        return await self.services.ffmpeg.encode(build, replace(work, on_warning=on_warning))

    async def run(
        self,
        graph: GraphNode | Sequence[GraphNode],
        output: Path,
        length_ms: int,
        *,
        copied_bytes: int = 0,
        activity: Activity = "writing",
    ) -> None:
        """Make what needs no video encoder; see `FfmpegRunner.run`."""
        await self.services.ffmpeg.run(graph, self._work(output, length_ms, copied_bytes, activity))

    def _work(
        self, output: Path, length_ms: int, copied_bytes: int, activity: Activity
    ) -> FfmpegWork:
        def tell(progress: EncodeProgress) -> None:
            self.progress(activity, progress.percent, progress.eta_ms)

        return FfmpegWork((output,), length_ms, most_bytes(length_ms, copied_bytes), tell)

    @property
    def cores(self) -> int:
        """Processor cores that this process may use."""
        return usable_cores()


def most_bytes(length_ms: int, copied_bytes: int = 0) -> int:
    """Return what a file of our encoders takes at most.

    Args:
        length_ms: of it.
        copied_bytes: that are taken over from inputs.
    """
    bits = length_ms * (MOST_BITS_PER_S + _AUDIO_BITS_PER_S) // 1000
    return _CONTAINER_BYTES + bits // 8 * 5 // 4 + copied_bytes


def shown_address(url: str) -> str:
    """Return an address without what may be secret: its query, its fragment, its user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
