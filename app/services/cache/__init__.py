"""The cache of earlier results on disk, by content."""
