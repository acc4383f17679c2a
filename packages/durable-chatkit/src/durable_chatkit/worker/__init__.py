"""The worker: claims runs, drives the agent, publishes events on the bus."""
