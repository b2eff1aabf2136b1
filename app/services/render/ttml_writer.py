"""Writer of TTML (.ttml)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import InlineStyle, Placement
from app.services.render.boxes import box, resolved
from app.services.render.display_cues import DisplayCue, display_cues
from app.services.render.speaker_colours import SPEAKER_COLOURS, colour_numbers
from app.services.render.timecodes import clock_time

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
"""First line of every file."""

_HEAD = """\
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" \
xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" \
ttp:timeBase="media" xml:lang={language}>
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


def write_ttml(cues: Sequence[Cue], profile: ReadingProfile, language: str) -> str:
    """Return cues as TTML, with an agent for each speaker and a style for each one's colour.

    Source: W3C TTML1 (third edition), sections 8 to 12.
    """
    shown = list(display_cues(cues, profile, language))
    placements = dict.fromkeys(cue.placement for cue in shown if cue.placement is not None)
    regions = {place: f"region-{number}" for number, place in enumerate(placements, start=1)}
    numbers = colour_numbers(cue.speaker for cue in shown)
    agents = {speaker: f"speaker-{index}" for index, speaker in enumerate(numbers, start=1)}
    head = f"{XML_DECLARATION}\n" + _HEAD.format(
        language=quoteattr(language if _LANGUAGE_TAG.fullmatch(language) else "und"),
        agents="".join(_agent(name, agent) for name, agent in agents.items()),
        styles="".join(map(_style, sorted(set(numbers.values())))),
        regions="".join(_region(place, key) for place, key in regions.items()),
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


def _agent(name: str, agent: str) -> str:
    return (
        f'      <ttm:agent xml:id="{agent}" type="person">'
        f'<ttm:name type="full">{escape(name)}</ttm:name></ttm:agent>\n'
    )


def _style(number: int) -> str:
    colour = SPEAKER_COLOURS[number].hex
    return f'      <style xml:id="colour-{number + 1}" tts:color="{colour}"/>\n'


def _region(placement: Placement, key: str) -> str:
    """Return a region. Source: W3C TTML1, sections 8.2.7, 8.2.17 and 8.2.24."""
    place = resolved(placement)
    area = box(place)
    display = ("after", "center", "before")[place.vertical]
    writing = _WRITING_MODES.get(place.writing)
    mode = f' tts:writingMode="{writing}"' if writing else ""
    return (
        f'      <region xml:id="{key}" '
        f'tts:origin="{_percentage(area.left)} {_percentage(area.top)}" '
        f'tts:extent="{_percentage(area.width)} {_percentage(area.height)}" '
        f'tts:displayAlign="{display}" tts:overflow="visible"{mode}/>\n'
    )


_WRITING_MODES = {"vertical-rl": "tbrl", "vertical-lr": "tblr"}


def _percentage(share: float) -> str:
    return f"{round(share * 100, 2):g}%"


def _paragraph(cue: DisplayCue, names: _Names) -> str:
    attributes = f'begin="{clock_time(cue.start_ms)}" end="{clock_time(cue.end_ms)}"'
    if cue.speaker is not None:
        colour = f"colour-{names.colours[cue.speaker] + 1}"
        attributes += f' style="{colour}" ttm:agent="{names.agents[cue.speaker]}"'
    if cue.placement is not None:
        attributes += f' region="{names.regions[cue.placement]}"'
        align = cue.placement.align or cue.placement.horizontal
        attributes += f' tts:textAlign="{align}"' if align != "center" else ""
    if cue.right_to_left:
        attributes += ' tts:direction="rtl" tts:unicodeBidi="embed"'
    text = "<br/>".join("".join(_span(*piece) for piece in line) for line in cue.styled_lines)
    return f'      <p xml:id="cue-{cue.id}" {attributes}><span style="box">{text}</span></p>\n'


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
