"""Cuestream: a video goes in, live translated subtitles come out."""

__version__ = "0.1.0"
