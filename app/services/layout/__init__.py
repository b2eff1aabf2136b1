"""Turning words into cues that obey a reading profile.

As a library: `lay_out` for words that are all there, `IncrementalLayout` for words as they come,
`break_lines` for the lines of a text. Nothing here needs a server, a model or a device.
"""

from app.services.layout.laid_out_cue import LaidOutCue
from app.services.layout.layout_engine import IncrementalLayout, lay_out
from app.services.layout.line_breaks import break_lines

__all__ = ["IncrementalLayout", "LaidOutCue", "break_lines", "lay_out"]
