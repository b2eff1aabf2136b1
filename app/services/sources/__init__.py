"""Sources of media."""
