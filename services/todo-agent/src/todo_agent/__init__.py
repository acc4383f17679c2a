"""The chat backend: an api that accepts turns, a worker that answers them, and the agent."""
