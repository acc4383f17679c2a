"""The whole system on one machine: launcher, command line, terminal client."""
