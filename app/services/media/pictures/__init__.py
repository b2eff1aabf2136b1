"""Pictures as moving video: decoding, placing on a canvas, zooming."""
