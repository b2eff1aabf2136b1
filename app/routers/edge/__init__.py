"""The edge of the server: bounds of connections, request heads, bodies and messages."""
