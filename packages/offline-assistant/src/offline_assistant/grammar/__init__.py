"""The grammar: tables of sentence patterns, and readers that turn a match into an intent."""
