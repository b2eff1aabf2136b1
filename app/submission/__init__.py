"""From an outside request to a job, for every door."""
