"""Jobs: their records and runtimes, admission, the event log and its readers."""
