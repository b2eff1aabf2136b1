"""The stages of the line, one module each."""
