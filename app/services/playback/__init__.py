"""What the viewer watches, and the order of decoding that follows from it."""
