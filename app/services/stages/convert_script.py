"""Cues whose language is the target's, and whose script may not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language, known_language
from app.services.translation.text.script_conversion import converter_for, load_tables
from app.services.translation.text.written_script import WrittenScript
from app.services.translation.translation_notices import script_converted
from app.system.async_iterators import close_stage


@dataclass(slots=True)
class ScriptConversion:
    """Converts the cues of one job that are in the target language, in another script.

    Attributes:
        target: language that is wanted.
        converted: cues by the language as they are written, and what converted them.
    """

    target: Language
    converted: dict[tuple[Language, str], list[Cue]] = field(default_factory=dict)
    _written: WrittenScript = field(default_factory=WrittenScript)

    async def cues(self, cues: AsyncIterator[Cue]) -> AsyncIterator[Cue]:
        """Yield every cue, with its translation where it could be converted.

        The language of a cue in another script says so; where nothing converts it, it is
        translated like any other language.

        Args:
            cues: closed when the caller stops.
        """
        try:
            if self.target.has_several_scripts:
                await asyncio.to_thread(load_tables, self.target)
            async for cue in cues:
                yield self._converted(cue)
        finally:
            await close_stage(cues)

    def notices(self) -> list[Notice]:
        """Return a notice for each language that was converted."""
        return [
            script_converted(written, self.target, name, cues)
            for (written, name), cues in self.converted.items()
        ]

    def _converted(self, cue: Cue) -> Cue:
        said = known_language(cue.language)
        if cue.translation is not None or said is None or self.target.script is None:
            return cue
        if said.base != self.target.base:
            return cue
        written = self._written.of(said, cue.text)
        if written.same_language(self.target):
            # What the tag says of the script is not what is there.
            return cue if said.same_language(self.target) else replace(cue, language=written.tag)
        converter = converter_for(written, self.target)
        if converter is None:
            return replace(cue, language=written.tag)
        self.converted.setdefault((written, converter.name), []).append(cue)
        return replace(cue, language=written.tag, translation=converter.convert(cue.text))
