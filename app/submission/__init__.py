"""From an outside request to a job, whatever protocol it comes by."""
