"""Speech engines; each wraps one framework and returns domain values."""
