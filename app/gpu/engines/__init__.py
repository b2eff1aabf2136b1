"""Speech engines: each wraps one framework; their results are domain values."""
