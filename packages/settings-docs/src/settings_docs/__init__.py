"""Generates docs/configuration.md and compose's .env.example from the settings structs."""
