"""Extraction of sites' videos by yt-dlp in a child process."""
