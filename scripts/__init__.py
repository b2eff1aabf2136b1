"""What the Makefile calls, and what made the samples and fixtures."""
