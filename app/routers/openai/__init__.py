"""OpenAI's audio API: a file of routes for each resource, encoders apart."""
