"""Stages of the pipeline, one module each."""
