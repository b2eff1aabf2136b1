"""Jobs that wait for their turn, in the shapes of RunPod's queue."""
