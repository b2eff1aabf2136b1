"""The cues that a dub speaks: of a job, of a file, or of the recording itself."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from pathlib import Path

from app.domain.captions import Caption
from app.domain.cue import Cue
from app.domain.errors import InvalidLanguageError, NoSpeechError
from app.domain.events import Progress
from app.domain.language import Language, known_language, needs_translation, parse_target
from app.domain.profile import profile_named
from app.domain.request import JobRequest, SentCaptions, UploadedFile
from app.domain.time import Span
from app.services.captions.bounded_decoding import decode_bounded
from app.services.captions.parse import parse_bounded
from app.services.layout.width import text_width
from app.services.operations.caption_operation import subtitle_bytes
from app.services.operations.dub_input import DubInput
from app.services.operations.operation_context import JobCues, OperationContext
from app.services.operations.subtitle_script import shown_cues
from app.system.thread_groups import DISK
from app.system.workdir import second_name, storage_errors


async def dub_cues(
    wanted: DubInput, context: OperationContext, media: Path | None
) -> tuple[JobCues, Language]:
    """Return the cues to be spoken with their language: a translation has it as its target.

    Args:
        wanted: says where they come from.
        context: of the step.
        media: the recording, where there is one.

    Raises:
        InvalidFieldError: the job has other languages.
        InvalidLanguageError: nothing says what language is to be spoken.
        CuestreamError: the subtitles cannot be read, or the job failed.
    """
    target = parse_target(wanted.target_lang)
    if wanted.job_id:
        found = await context.job_cues(wanted.job_id, edited=wanted.edited)
        cues, tag = shown_cues(found, target.tag if target else None)
        target_tag = found.target if tag == found.target else None
        return JobCues(cues, found.language, target_tag, notices=found.notices), _spoken(tag)
    source = wanted.url_srt or wanted.subtitles
    if source:
        return await _file_cues(wanted, await subtitle_bytes(source, context), context, target)
    if media is None:
        raise NoSpeechError("There is neither a recording nor subtitles")
    found = await context.services.subtitles(
        await _recording_request(wanted, context, media, target), _progress_callback(context)
    )
    return found, _spoken(found.target or found.language)


async def _file_cues(
    wanted: DubInput, data: bytes, context: OperationContext, target: Language | None
) -> tuple[JobCues, Language]:
    """Return a file's captions as they are, or translated where they are in another language."""
    source = parse_target(wanted.source_lang)
    captions = await parse_bounded(data, None, source.tag if source else "und", "manual")
    written = source or known_language(captions.language)
    if target is not None and written is not None and needs_translation(written, target):
        sent = SentCaptions((await decode_bounded(data, written)).text, written.tag)

        async def make() -> JobRequest:
            return JobRequest(
                sent,
                target,
                written,
                caller=context.caller,
                holder=context.holder,
                audience="batch",
            )

        return await context.services.subtitles(make, _progress_callback(context)), target
    spoken = target or written
    if spoken is None:
        raise InvalidLanguageError("target_lang: nothing says in which language to speak")
    cues = [
        Cue(n, each.span, each.text, speaker=each.speaker, language=spoken.tag, lane=each.lane)
        for n, each in enumerate(one_after_another(captions.items))
    ]
    return JobCues(cues, spoken.tag, None, notices=captions.notices), spoken


def one_after_another(items: Sequence[Caption]) -> list[Caption]:
    """Return captions of which those with one span share its time by the width of their texts.

    So the turns of one caption are spoken one after another, as those on lines of their own are.
    """
    found: list[Caption] = []
    for span, group in groupby(items, key=lambda item: item.span):
        parts = list(group)
        ends = list(accumulate(max(1, text_width(part.text)) for part in parts))
        edges = [span.start_ms + span.duration_ms * end // ends[-1] for end in (0, *ends)]
        found += [
            replace(part, span=Span(begin_ms, max(begin_ms + 1, end_ms)))
            for part, (begin_ms, end_ms) in zip(parts, pairwise(edges), strict=True)
        ]
    return found


async def _recording_request(
    wanted: DubInput, context: OperationContext, media: Path, target: Language | None
) -> Callable[[], Awaitable[JobRequest]]:
    settings = context.services.settings
    digest = await DISK.run(_sha256, media)
    diarize = settings.diarizes_by_default if wanted.diarize is None else wanted.diarize

    async def make() -> JobRequest:
        heard = context.folder / "heard"
        await DISK.run(_copy, media, heard)
        return JobRequest(
            UploadedFile(heard, digest, media.name),
            target,
            parse_target(wanted.source_lang),
            profile_named(settings.jobs.default_profile),
            diarize,
            caller=context.caller,
            holder=context.holder,
            audience="batch",
        )

    return make


def _copy(media: Path, copy: Path) -> None:
    """Give a recording a second name: a job removes its upload, and the dub needs it afterwards."""
    with storage_errors():
        second_name(media, copy)


def _progress_callback(context: OperationContext) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        # The cues are complete, and the dub is not.
        activity = "finalizing" if progress.stage == "complete" else progress.stage
        context.progress(activity, progress.percent, progress.eta_ms, progress.message)

    return tell


def _sha256(path: Path) -> str:
    with storage_errors(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _spoken(tag: str) -> Language:
    """Return the language of what is spoken.

    Raises:
        InvalidLanguageError: it is not known.
    """
    language = known_language(tag)
    if language is None:
        raise InvalidLanguageError("target_lang: nothing says in which language to speak")
    return language
