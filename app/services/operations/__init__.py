"""Media operations: jobs that make a media file out of others."""
