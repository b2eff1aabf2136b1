"""Writer of EBU-TT-D (.xml)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import InlineStyle
from app.services.render.display_cues import (
    NO_WORDS,
    DisplayCue,
    Pieces,
    WordTimes,
    display_cues,
)
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.speaker_colours import SPEAKER_COLOURS, colour_numbers
from app.services.render.timecodes import clock_time
from app.services.render.ttml_writer import XML_DECLARATION, language_attribute, region

_HEAD = """\
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" \
xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:ebutts="urn:ebu:tt:style" \
xmlns:ebuttm="urn:ebu:tt:metadata" ttp:timeBase="media" ttp:cellResolution="50 30" \
xml:lang={language}>
  <head>
    <metadata>
      <ebuttm:documentMetadata>
        <ebuttm:conformsToStandard>urn:ebu:tt:distribution:2018-04</ebuttm:conformsToStandard>
      </ebuttm:documentMetadata>
    </metadata>
    <styling>
      <style xml:id="default" tts:fontFamily="proportionalSansSerif" tts:fontSize="160%" \
tts:lineHeight="125%" tts:textAlign="center" ebutts:multiRowAlign="center" \
ebutts:linePadding="0.5c"/>
{styles}\
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10% 70%" tts:extent="80% 25%" \
tts:displayAlign="after" tts:overflow="visible"/>
{regions}\
    </layout>
  </head>
  <body>
    <div style="default">
"""
_FOOT = """\
    </div>
  </body>
</tt>
"""
_BOX = 'tts:backgroundColor="#000000c0"'
_RIGHT_TO_LEFT = 'tts:direction="rtl" tts:unicodeBidi="embed"'


def write_ebu_tt_d(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as EBU-TT-D, with a colour for each speaker.

    Every look is a style that paragraphs and spans refer to, since the format has no attributes of
    style elsewhere, and no spans within spans.

    Source: EBU Tech 3380 (EBU-TT-D subtitling distribution format), version 1.0.1, section 3.
    """
    shown = list(display_cues(cues, profile, language, options, words))
    numbers = colour_numbers(speaker for cue in shown for speaker in cue.speakers)
    styles, regions = _Styles(), _Regions()
    paragraphs = [_paragraph(cue, numbers, styles, regions) for cue in shown]
    head = f"{XML_DECLARATION}\n" + _HEAD.format(
        language=language_attribute(language),
        styles="".join(styles.elements()),
        regions="".join(regions.elements()),
    )
    return head + "".join(paragraphs) + _FOOT


class _Styles:
    """The styles of a file, each with an id, as they are referred to."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def reference(self, attributes: Iterator[str]) -> str:
        """Return the id of the style with the given attributes; empty for none."""
        text = " ".join(attributes)
        return self._ids.setdefault(text, f"style-{len(self._ids) + 1}") if text else ""

    def elements(self) -> Iterator[str]:
        """Yield what has been referred to."""
        for attributes, key in self._ids.items():
            yield f'      <style xml:id="{key}" {attributes}/>\n'


class _Regions:
    """The regions of a file, by what they look like."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def reference(self, cue: DisplayCue) -> str:
        """Return the id of a cue's region."""
        if cue.placement is None:
            return "bottom"
        text = region(cue.placement, "{key}")
        return self._ids.setdefault(text, f"region-{len(self._ids) + 1}")

    def elements(self) -> Iterator[str]:
        """Yield what has been referred to."""
        yield from (text.replace("{key}", key) for text, key in self._ids.items())


def _paragraph(cue: DisplayCue, numbers: dict[str, int], styles: _Styles, regions: _Regions) -> str:
    attributes = f'xml:id="cue-{cue.key}" region="{regions.reference(cue)}"'
    if cue.is_original:
        attributes += f" xml:lang={language_attribute(cue.language)}"
    if style := styles.reference(_paragraph_style(cue)):
        attributes += f' style="{style}"'
    attributes += f' begin="{clock_time(cue.start_ms)}" end="{clock_time(cue.end_ms)}"'
    lines = (
        _line(line, _colour(speaker, numbers), _language_of(part, cue), styles)
        for part in cue.parts
        for line, speaker in zip(part.styled_lines, part.line_speakers, strict=True)
    )
    return f"      <p {attributes}>{'<br/>'.join(lines)}</p>\n"


def _colour(speaker: str | None, numbers: dict[str, int]) -> str:
    return SPEAKER_COLOURS[0 if speaker is None else numbers[speaker]].hex


def _paragraph_style(cue: DisplayCue) -> Iterator[str]:
    if cue.placement is not None:
        align = cue.placement.align or cue.placement.horizontal
        if align != "center":
            yield f'tts:textAlign="{align}"'
    if cue.right_to_left:
        yield _RIGHT_TO_LEFT


def _language_of(part: DisplayCue, cue: DisplayCue) -> str:
    return f" xml:lang={language_attribute(part.language)}" if part is cue.other else ""


def _line(line: Pieces, colour: str, language: str, styles: _Styles) -> str:
    return "".join(
        f'<span style="{styles.reference(_look(style, colour))}"{language}>{escape(text)}</span>'
        for text, style in line
    )


def _look(style: InlineStyle, colour: str) -> Iterator[str]:
    """Yield the attributes of a piece of text. Strikeout is none that the format has."""
    yield f'tts:color="{style.colour or colour}" {_BOX}'
    marks = (
        ('tts:fontStyle="italic"', style.italic),
        ('tts:fontWeight="bold"', style.bold),
        ('tts:textDecoration="underline"', style.underline),
    )
    yield from (attribute for attribute, is_on in marks if is_on)
