"""Shared by all services: tokens, the run bus, errors, settings, logging."""
