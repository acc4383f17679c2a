"""Runs the whole system on one machine: launcher and command line."""
