"""The endpoint for MCP clients: the tools of the agent, and resources."""
