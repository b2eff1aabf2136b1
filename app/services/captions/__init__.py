"""Existing captions: selection, parsing, normalization."""
