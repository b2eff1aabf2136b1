"""Text for translators: sentences over cues, batches, division."""
