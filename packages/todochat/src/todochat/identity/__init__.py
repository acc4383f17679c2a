"""Login tokens, client secrets, service tokens, their keys and their revocation."""
