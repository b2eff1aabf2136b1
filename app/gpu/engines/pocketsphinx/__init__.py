"""pocketsphinx: US English on a CPU, with the model that ships inside its wheel.

The package imports nothing: the decoder's process imports it, and needs neither numpy nor ours.
"""
