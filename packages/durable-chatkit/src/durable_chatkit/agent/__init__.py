"""The agent: its model, its tools, and what makes one run of it repeatable."""
