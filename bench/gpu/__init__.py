"""``make bench-gpu``: the figures that need a GPU, with random weights of the true shapes."""
