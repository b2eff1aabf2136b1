"""Names of speakers in OpenAI's answers: letters, or the names of those whose voices are known."""

from __future__ import annotations

from app.submission.audio_output import UNKNOWN, label


class SpeakerLetters:
    """Gives unnamed speakers the letters A, B, ... by first appearance; after Z come A2, B2, ..."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._letters = 0

    def name_of(self, speaker: str | None) -> str:
        """Return a speaker's name.

        Args:
            speaker: label of the diarizer, or a known name; None where there is no speaker.
        """
        if speaker is None:
            return UNKNOWN
        if label(speaker) == speaker:
            return speaker
        if speaker not in self._names:
            round_, place = divmod(self._letters, 26)
            self._names[speaker] = chr(ord("A") + place) + (str(round_ + 1) if round_ else "")
            self._letters += 1
        return self._names[speaker]
