"""Turning words into cues that obey a reading profile."""
