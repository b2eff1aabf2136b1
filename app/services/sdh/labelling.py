"""Speaker labels in the text of a whole recording, or of captions that name speakers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.captions import Caption, Captions
from app.domain.dialogue_turns import speaker_dash
from app.domain.style import StyleRun, ink_length
from app.domain.transcript import Segment
from app.services.layout.speaker_identification import SpeakerIdentification, speaker_label
from app.services.sdh.speaker_labels import SpeakerLabels

_BRACKETS = re.compile(r"[\[(（［]([^\])）］]{1,80})[\])）］]")


def with_speaker_labels(segments: Sequence[Segment]) -> list[Segment]:
    """Return segments whose words have a label ahead of them wherever another one speaks.

    A recording with one speaker alone needs none.

    Args:
        segments: of the whole recording in order, words with their speakers.
    """
    speakers = {word.speaker for segment in segments for word in segment.words} - {None}
    if len(speakers) < 2:
        return list(segments)
    identification = SpeakerIdentification()
    return [
        replace(segment, words=tuple(identification.labelled(segment.words)))
        for segment in segments
    ]


def with_caption_labels(captions: Captions) -> Captions:
    """Return captions with a label ahead of the text wherever another speaker begins.

    Captions whose text names its speaker already stay as they are, and so do all where one
    speaker alone is named.
    """
    speakers = {caption.speaker for caption in captions.items if caption.speaker}
    if len(speakers) < 2:
        return captions
    written = SpeakerLabels(line for each in captions.items for line in each.text.split("\n"))
    current: str | None = None
    items: list[Caption] = []
    for caption in captions.items:
        is_new = bool(caption.speaker) and caption.speaker != current
        current = caption.speaker or current
        if is_new and not _is_named(caption, written):
            caption = _labelled(caption)
        items.append(caption)
    return replace(captions, items=tuple(items))


def _is_named(caption: Caption, written: SpeakerLabels) -> bool:
    """Whether the text itself says who speaks."""
    first = caption.text.split("\n")[0]
    if written.find(first) is not None:
        return True
    found = _BRACKETS.match(first[len(speaker_dash(first)) :].lstrip())
    own = speaker_label(caption.speaker or "").strip("[]").replace("\u00a0", " ")
    names = {own.casefold(), (caption.speaker or "").strip().casefold()}
    return found is not None and " ".join(found[1].split()).casefold() in names


def _labelled(caption: Caption) -> Caption:
    label = speaker_label(caption.speaker or "")
    dash = speaker_dash(caption.text)
    text = f"{dash}{label} {caption.text[len(dash) :].lstrip()}"
    ahead, by = ink_length(dash), ink_length(label)
    runs = tuple(_moved(run, ahead, by) for run in caption.runs)
    named = [replace(word, speaker=caption.speaker) for word in caption.words]
    # Behind a dash the words are found by their length.
    words = () if dash else tuple(SpeakerIdentification().labelled(named))
    return replace(caption, text=text, runs=runs, words=words)


def _moved(run: StyleRun, ahead: int, by: int) -> StyleRun:
    """Return a run of a text that gets so much ink behind its first part."""
    if run.end <= ahead:
        return run
    return replace(run, start=run.start + (by if run.start >= ahead else 0), end=run.end + by)
