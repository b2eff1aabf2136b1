"""Results of stages, captions, downloads and translations, cached by content."""
