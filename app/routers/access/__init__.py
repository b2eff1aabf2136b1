"""Access to the routes: API keys, rate limits, client addresses."""
