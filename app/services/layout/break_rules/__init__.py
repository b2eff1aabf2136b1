"""Words that lines and cues do not part from their neighbours, a file for each language."""
