"""Writing cues as subtitle files."""
