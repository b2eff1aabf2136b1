"""Subtitle files written from cues."""
