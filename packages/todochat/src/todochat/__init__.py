"""What two or more services must agree on: tokens, the run bus, errors, settings, logging."""
