"""Subtitles for the films of media libraries: which are wanted, where they go, what is there."""
