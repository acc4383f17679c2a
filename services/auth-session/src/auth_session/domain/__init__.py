"""Rules of accounts and sessions, independent of frameworks and storage."""
