"""The worker: claims runs, drives the agent, says what happens on the bus."""
