"""A hostile caller against the real server, and what each attack costs everybody else."""
