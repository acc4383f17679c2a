"""openai-chatkit on our storage: store, server, acceptance."""
