"""Routes, guards and request bodies."""
