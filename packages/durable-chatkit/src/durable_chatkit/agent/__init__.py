"""Makes any agent durable: replays its model and tools from a journal."""
