"""openai-chatkit on PostgreSQL: store, server and acceptance of requests."""
