"""Conversations with the todo assistant, and the state of the account that each must end in."""
