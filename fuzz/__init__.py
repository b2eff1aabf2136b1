"""Random requests from the API's own description, sent to a real server on loopback."""
