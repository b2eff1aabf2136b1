"""Jobs: records, runtimes, admission, event log, readers."""
