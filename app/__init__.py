"""Cuestream: a video goes in, live translated subtitles come out."""

from app.domain.version import __version__

__all__ = ["__version__"]
