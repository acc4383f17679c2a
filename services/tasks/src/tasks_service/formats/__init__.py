"""Files that an import reads: of this service, and of other to-do applications."""
