"""Live captions of streamed audio."""
