"""How sentences are read: tables of patterns, and what each of them asks for."""
