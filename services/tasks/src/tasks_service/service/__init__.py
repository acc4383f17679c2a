"""Use cases, each one transaction, and the authentication of callers."""
