"""Media files, decoded by ffmpeg."""
