"""Scripts for the Makefile, the samples, the fixtures."""
