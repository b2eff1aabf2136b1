"""The pipeline, its jobs and its stages."""
