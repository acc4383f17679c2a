"""What a person is told when it doesn't go on: one line."""


class ChatError(Exception):
    """The message is for the person; the command ends with an exit code other than 0."""


class SignedOutError(ChatError):
    """Credentials are missing, or were refused."""


class RunLogGoneError(ChatError):
    """The run is over and its frames have been dropped; the thread's items are still there."""
