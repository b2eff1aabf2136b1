"""Resumable uploads in parts; their whole state is on disk."""
