"""Tables and every query on them."""
