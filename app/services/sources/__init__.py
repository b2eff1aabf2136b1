"""Where media comes from: uploads, guarded fetches, sites."""
