"""Dubbing: cues spoken at their times, and mixed with the original sound."""
