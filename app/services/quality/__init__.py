"""Quality control of subtitles: rules with names, and what breaks them."""
