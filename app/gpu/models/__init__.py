"""Models on disk: where they lie, and which they are."""
