"""Stages of the pipeline, a module each."""
