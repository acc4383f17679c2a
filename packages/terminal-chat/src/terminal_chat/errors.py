"""Errors that end a command or one turn of a conversation."""


class ChatError(Exception):
    """A failure to report to the user; the message is one line."""


class SignedOutError(ChatError):
    """Credentials are missing or were rejected."""


class RunLogGoneError(ChatError):
    """The run has ended and its frames have expired; the thread's items still exist."""
