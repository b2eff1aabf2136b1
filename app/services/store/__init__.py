"""Finished work on disk, by content and settings: read back whole and its own, or not at all."""
