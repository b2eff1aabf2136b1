"""The command `cuestream`: a client of the API in a terminal, and tools for a machine's setup."""
