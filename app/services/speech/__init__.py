"""Text in, spoken MP3 out."""
