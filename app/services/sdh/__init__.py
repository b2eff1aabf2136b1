"""Subtitles for the deaf and hard of hearing (SDH): sounds and speakers in the text."""
