"""The rules of accounts and sessions; no framework, no store."""
