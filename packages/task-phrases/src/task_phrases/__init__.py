"""Dates, times, priorities, lists and tags in the English phrases in which people write tasks."""
