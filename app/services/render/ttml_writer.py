"""Writer of TTML (.ttml)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.render.display_cues import DisplayCue, display_cues
from app.services.render.speaker_colours import SPEAKER_COLOURS, colour_numbers
from app.services.render.timecodes import clock_time

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
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
    shown = list(display_cues(cues, profile))
    numbers = colour_numbers(cue.speaker for cue in shown)
    agents = {speaker: f"speaker-{index}" for index, speaker in enumerate(numbers, start=1)}
    head = _HEAD.format(
        language=quoteattr(language if _LANGUAGE_TAG.fullmatch(language) else "und"),
        agents="".join(_agent(name, agent) for name, agent in agents.items()),
        styles="".join(map(_style, sorted(set(numbers.values())))),
    )
    return head + "".join(_paragraph(cue, numbers, agents) for cue in shown) + _FOOT


def _agent(name: str, agent: str) -> str:
    return (
        f'      <ttm:agent xml:id="{agent}" type="person">'
        f'<ttm:name type="full">{escape(name)}</ttm:name></ttm:agent>\n'
    )


def _style(number: int) -> str:
    colour = SPEAKER_COLOURS[number].hex
    return f'      <style xml:id="colour-{number + 1}" tts:color="{colour}"/>\n'


def _paragraph(cue: DisplayCue, numbers: dict[str, int], agents: dict[str, str]) -> str:
    attributes = f'begin="{clock_time(cue.start_ms)}" end="{clock_time(cue.end_ms)}"'
    if cue.speaker is not None:
        colour = f"colour-{numbers[cue.speaker] + 1}"
        attributes += f' style="{colour}" ttm:agent="{agents[cue.speaker]}"'
    text = "<br/>".join(map(escape, cue.lines))
    return f'      <p xml:id="cue-{cue.id}" {attributes}><span style="box">{text}</span></p>\n'
