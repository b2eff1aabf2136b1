"""Videos of sites, by yt-dlp in a child process."""
