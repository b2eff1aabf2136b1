"""The pipeline: from a source to final cues."""
