"""Routes and their wire forms."""
