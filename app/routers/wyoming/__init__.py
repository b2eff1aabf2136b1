"""Wyoming, the protocol of Home Assistant: a TCP listener of its own."""
