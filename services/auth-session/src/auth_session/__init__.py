"""Accounts, sign-in, signing keys and ChatKit client secrets."""
