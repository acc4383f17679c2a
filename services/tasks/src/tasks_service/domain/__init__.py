"""Business rules; no framework, no database."""
