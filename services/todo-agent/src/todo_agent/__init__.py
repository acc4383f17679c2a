"""The todo assistant, run by durable-chatkit: an api accepts turns, a worker runs the agent."""
