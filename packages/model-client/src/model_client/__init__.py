"""Models of the Agents SDK on a streaming client for OpenAI-compatible servers."""
