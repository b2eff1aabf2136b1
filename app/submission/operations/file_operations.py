"""Operations on subtitle files alone: quality control, layout, two languages in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from app.container import Services
from app.domain.cue import Cue
from app.domain.custom_profile import parse_profile
from app.domain.errors import BadRequestError, InvalidFieldError
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.request import SentCaptions
from app.domain.time import Span
from app.domain.written_cue import WrittenCue
from app.services.captions.parse import detect_format, parse_bounded
from app.services.captions.written_cues import WrittenTrack, read_written_bounded
from app.services.jobs.runtime import JobRuntime
from app.services.layout.line_breaks import break_lines
from app.services.quality.job_quality import measure_bounded
from app.services.quality.quality_report import check_bounded, check_shown_bounded
from app.services.stages.bilingual_cues import WrittenLanguage, merge_bounded
from app.services.stages.bilingual_match import each_language, lone_cues, matched_share
from app.services.stages.labelled_captions import labelled
from app.services.stages.relayout import relayout_bounded
from app.services.stages.without_sdh import without_sdh
from app.submission.job_payloads import Payload
from app.submission.operations.frame_rates import declared_frame_rate
from app.submission.operations.operation_answer import subtitles_payload
from app.submission.operations.operation_body import MergeBody, QualityBody, RelayoutBody
from app.submission.quality_payload import report_payload, score_payload

_LINELESS = frozenset({"json3", "json"})
"""Formats whose texts have no lines of their own, or need not have."""


async def examine(body: QualityBody, services: Services, notices: Sequence[Notice] = ()) -> Payload:
    """Return the quality report of subtitles.

    Raises:
        BadRequestError: the body is wrong, or the subtitles cannot be read.
    """
    profile, sent = body.reading_profile(services.settings), body.track()
    track = await written_track(sent, profile)
    rate = declared_frame_rate(sent.text)
    report = await check_bounded(track.cues, profile, track.language, body.video, rate)
    payload = report_payload(report, track.cues)
    if found := (*notices, *track.notices):
        payload["notices"] = [asdict(notice) for notice in found]
    return payload


async def examine_job(body: QualityBody, job: JobRuntime) -> Payload:
    """Return the quality report of a finished job, as its subtitle files show it.

    Raises:
        BadRequestError: the job has no result, or the body is wrong.
    """
    if body.captions:
        raise InvalidFieldError("Send either captions or a job_id")
    result, request = job.result, job.request
    if result is None:
        raise BadRequestError("The job has no result yet")
    asked = request.profile
    if body.profile or body.children or body.sdh:
        asked = _profile_of_job(body, asked)
    language = request.target.tag if request.target else result.language
    said = body.frame_rate is not None or body.shot_changes_ms
    video = body.video if said else result.video
    report, shown = await check_shown_bounded(result.cues, asked, language, video)
    return report_payload(report, shown)


def _profile_of_job(body: QualityBody, own: ReadingProfile) -> ReadingProfile:
    profile = parse_profile(body.profile) if body.profile else own
    return profile.for_readers(children=bool(body.children), sdh=bool(body.sdh), labels=body.labels)


async def relaid(body: RelayoutBody, services: Services, notices: Sequence[Notice] = ()) -> Payload:
    """Return subtitles that are laid out anew by a profile.

    Raises:
        BadRequestError: the body is wrong, or the subtitles cannot be read.
    """
    body.check_formats()
    profile, sent = body.reading_profile(services.settings), body.track()
    captions = await parse_bounded(
        sent.text, None, sent.language or "und", "auto" if sent.automatic else "manual"
    )
    said = [*notices, *captions.notices]
    if body.remove_sdh:
        captions, notices = await without_sdh(captions)
        said += notices
    if profile.labels:
        captions = await labelled(captions)
    cues = await relayout_bounded(captions, profile, body.video)
    quality = await measure_bounded(cues, profile, captions.language, body.video)
    said += quality.notices
    payload = await subtitles_payload(cues, captions.language, profile, body.formats, said)
    return {**payload, "quality": score_payload(quality.score)}


async def merged(body: MergeBody, services: Services, notices: Sequence[Notice] = ()) -> Payload:
    """Return two subtitle files as one, with both languages.

    Raises:
        BadRequestError: the body is wrong, or a file cannot be read.
    """
    body.check_formats()
    profile = body.reading_profile(services.settings)
    first, second = body.track(), body.second_track()
    tracks = [await written_track(each, profile) for each in (first, second)]
    languages = [WrittenLanguage(track.cues, track.language) for track in tracks]
    cues = await merge_bounded(languages[0], languages[1], profile)
    said = [*notices, *(notice for track in tracks for notice in track.notices)]
    said += lone_cues(cues)
    payload = await subtitles_payload(
        cues,
        tracks[0].language,
        profile,
        body.formats,
        said,
        second_language=tracks[1].language,
    )
    scores = [
        (await measure_bounded(own, profile, track.language)).score
        for own, track in zip(each_language(cues), tracks, strict=True)
    ]
    return {
        **payload,
        "second_language": tracks[1].language,
        "matched": matched_share(cues),
        "quality": score_payload(scores[0]),
        "second_quality": score_payload(scores[1]),
    }


async def written_track(sent: SentCaptions, profile: ReadingProfile) -> WrittenTrack:
    """Return sent subtitles with their own lines and times.

    Texts without lines of their own, such as cues in JSON, are broken as the server's files are.

    Raises:
        InvalidCaptionsError: they cannot be read.
        TooMuchWorkError: that takes more memory or time than it may.
    """
    track = await read_written_bounded(sent.text, sent.language or "und")
    found = detect_format(sent.text)
    if found is None or not _LINELESS & set(found.names):
        return track
    own = profile.in_language(track.language)
    return replace(track, cues=tuple(_broken(track.cues, own, track.language)))


def _broken(cues: Sequence[WrittenCue], profile: ReadingProfile, language: str) -> list[WrittenCue]:
    return [
        replace(cue, lines=tuple(filter(str.strip, break_lines(cue.text, profile, language))))
        for cue in cues
    ]


def written_cues(cues: Sequence[WrittenCue], language: str, spans: Sequence[Span]) -> list[Cue]:
    """Return written cues as cues of a result that keep their lines, with other times.

    Args:
        cues: with a text each.
        language: BCP 47 tag of the text.
        spans: one for each cue.
    """
    return [
        Cue(
            number,
            span,
            cue.text,
            speaker=cue.speaker,
            language=language,
            placement=cue.placement,
            runs=cue.runs,
            lane=cue.lane,
        )
        for number, (cue, span) in enumerate(zip(cues, spans, strict=True))
    ]
