"""The rules; no framework, no database."""
