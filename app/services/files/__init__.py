"""Result files: stored in a folder or in an S3-compatible store, handed out by signed links."""
