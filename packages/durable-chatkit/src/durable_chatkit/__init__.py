"""Runs ChatKit conversations durably: threads, items, runs and the agents that answer them."""
