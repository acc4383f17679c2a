"""The internal HTTP api."""
