"""Playback of a recording by its viewer, with the order of decoding that follows from it."""
