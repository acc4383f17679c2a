"""Wire contracts that two or more services share."""
