"""Use cases, independent of the web framework."""
