"""Envelopes: the inputs of jobs in the shapes that several systems' clients send."""
