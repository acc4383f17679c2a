"""The tables and all queries on them."""
