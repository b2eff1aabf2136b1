"""pocketsphinx: US English on a CPU, with the model that ships inside its wheel."""
