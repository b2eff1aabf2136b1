"""Writer of TTML (.ttml), also in the text profile of IMSC 1.1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import InlineStyle, Placement
from app.services.render.boxes import box, resolved
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.speaker_colours import SPEAKER_COLOURS, colour_numbers
from app.services.render.timecodes import clock_time
from app.services.render.vtt import LANGUAGE_TAG

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
"""First line of every file."""

_HEAD = """\
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" \
xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" \
ttp:timeBase="media"{profile} xml:lang={language}>
  <head>
    <metadata>
{agents}\
    </metadata>
    <styling>
      <style xml:id="default" tts:fontFamily="proportionalSansSerif" tts:fontSize="100%" \
tts:lineHeight="125%" tts:color="#ffffff" tts:textAlign="center"/>
      <style xml:id="box" tts:backgroundColor="#000000c0"/>
{styles}\
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10% 80%" tts:extent="80% 15%" \
tts:displayAlign="after" tts:overflow="visible"/>
{regions}\
    </layout>
  </head>
  <body style="default" region="bottom">
    <div>
"""
_FOOT = """\
    </div>
  </body>
</tt>
"""


_IMSC = ' ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text"'


def write_ttml(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as TTML, with an agent for each speaker and a style for each one's colour.

    Source: W3C TTML1 (third edition), sections 8 to 12.
    """
    return _document(list(display_cues(cues, profile, language, options, words)), language, "")


def write_imsc(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues in the text profile of IMSC 1.1; see `write_ttml`.

    Source: W3C TTML Profiles for Internet Media Subtitles and Captions 1.1, sections 6 and 8.
    """
    return _document(list(display_cues(cues, profile, language, options, words)), language, _IMSC)


def _document(shown: Sequence[DisplayCue], language: str, content_profile: str) -> str:
    placements = dict.fromkeys(cue.placement for cue in shown if cue.placement is not None)
    regions = {place: f"region-{number}" for number, place in enumerate(placements, start=1)}
    numbers = colour_numbers(speaker for cue in shown for speaker in cue.speakers)
    agents = {speaker: f"speaker-{index}" for index, speaker in enumerate(numbers, start=1)}
    head = f"{XML_DECLARATION}\n" + _HEAD.format(
        language=language_attribute(language),
        profile=content_profile,
        agents="".join(_agent(name, agent) for name, agent in agents.items()),
        styles="".join(map(_style, sorted(set(numbers.values())))),
        regions="".join(region(place, key) for place, key in regions.items()),
    )
    names = _Names(numbers, agents, regions)
    return head + "".join(_paragraph(cue, names) for cue in shown) + _FOOT


@dataclass(frozen=True, slots=True)
class _Names:
    """What the paragraphs of a file refer to.

    Attributes:
        colours: number of each speaker's colour.
        agents: id of each speaker's agent.
        regions: id of each place's region.
    """

    colours: dict[str, int]
    agents: dict[str, str]
    regions: dict[Placement, str]

    def voice(self, speaker: str) -> str:
        """Return the attributes of what a speaker says."""
        return f' style="colour-{self.colours[speaker] + 1}" ttm:agent="{self.agents[speaker]}"'


def _agent(name: str, agent: str) -> str:
    return (
        f'      <ttm:agent xml:id="{agent}" type="person">'
        f'<ttm:name type="full">{escape(name)}</ttm:name></ttm:agent>\n'
    )


def _style(number: int) -> str:
    colour = SPEAKER_COLOURS[number].hex
    return f'      <style xml:id="colour-{number + 1}" tts:color="{colour}"/>\n'


def language_attribute(language: str) -> str:
    """Return a tag as the quoted value of ``xml:lang``; what is none becomes ``und``."""
    return quoteattr(language if LANGUAGE_TAG.fullmatch(language) else "und")


def region(placement: Placement, key: str) -> str:
    """Return a region. Source: W3C TTML1, sections 8.2.7, 8.2.17 and 8.2.24."""
    place = resolved(placement)
    area = box(place)
    display = ("after", "center", "before")[place.vertical]
    writing = _WRITING_MODES.get(place.writing)
    mode = f' tts:writingMode="{writing}"' if writing else ""
    return (
        f'      <region xml:id="{key}" '
        f'tts:origin="{percentage(area.left)} {percentage(area.top)}" '
        f'tts:extent="{percentage(area.width)} {percentage(area.height)}" '
        f'tts:displayAlign="{display}" tts:overflow="visible"{mode}/>\n'
    )


_WRITING_MODES = {"vertical-rl": "tbrl", "vertical-lr": "tblr"}


def percentage(share: float) -> str:
    """Return a share as TTML writes lengths."""
    return f"{round(share * 100, 2):g}%"


def _paragraph(cue: DisplayCue, names: _Names) -> str:
    attributes = f'begin="{clock_time(cue.start_ms)}" end="{clock_time(cue.end_ms)}"'
    if cue.speaker is not None:
        attributes += names.voice(cue.speaker)
    if cue.placement is not None:
        attributes += f' region="{names.regions[cue.placement]}"'
        align = cue.placement.align or cue.placement.horizontal
        attributes += f' tts:textAlign="{align}"' if align != "center" else ""
    if cue.right_to_left:
        attributes += ' tts:direction="rtl" tts:unicodeBidi="embed"'
    if cue.is_original:
        attributes += f" xml:lang={language_attribute(cue.language)}"
    text = "<br/>".join(_text(part, names, is_other=part is cue.other) for part in cue.parts)
    return f'      <p xml:id="cue-{cue.key}" {attributes}><span style="box">{text}</span></p>\n'


def _text(part: DisplayCue, names: _Names, *, is_other: bool) -> str:
    lines = ["".join(_span(*piece) for piece in line) for line in part.styled_lines]
    voiced = (
        f"<span{names.voice(speaker)}>{line}</span>"
        for line, speaker in zip(lines, part.voices, strict=bool(part.voices))
    )
    text = "<br/>".join(voiced if part.voices else lines)
    if not is_other:
        return text
    direction = ' tts:direction="rtl" tts:unicodeBidi="embed"' if part.right_to_left else ""
    return f"<span xml:lang={language_attribute(part.language)}{direction}>{text}</span>"


def _span(text: str, style: InlineStyle) -> str:
    """Return a piece of text in its style. Source: W3C TTML1, section 8.2."""
    decoration = " ".join(
        name
        for name, is_on in (("underline", style.underline), ("lineThrough", style.strikeout))
        if is_on
    )
    values = {
        "color": style.colour,
        "fontStyle": "italic" if style.italic else None,
        "fontWeight": "bold" if style.bold else None,
        "textDecoration": decoration or None,
    }
    attributes = "".join(f' tts:{name}="{value}"' for name, value in values.items() if value)
    return f"<span{attributes}>{escape(text)}</span>" if attributes else escape(text)
