"""Builds, checks and lists the files of a release."""
