"""Text for translators: sentences over cues, batches, and their division."""
