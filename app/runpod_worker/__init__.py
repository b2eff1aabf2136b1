"""The queue worker: jobs from RunPod's queue by its SDK, worked on without a server.

Import it only where a worker runs: the SDK takes two seconds and brings much with it.
"""
