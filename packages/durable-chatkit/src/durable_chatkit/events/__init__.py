"""Signals to workers, and results of runs, through Redis."""
