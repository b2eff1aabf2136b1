"""Access to the operating system: subprocesses, temporary folders, file locks."""
