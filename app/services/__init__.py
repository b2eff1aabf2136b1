"""The services: jobs, their pipeline, its stages."""
