"""Times of subtitles against the speech of their recording."""
