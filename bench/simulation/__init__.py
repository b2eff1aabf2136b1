"""Simulation of many workers behind RunPod's load balancer or queue."""
