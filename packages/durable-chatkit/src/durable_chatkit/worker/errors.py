"""Why a worker puts a run down without an end.

BaseException
├── RunLostError (todochat.bus)   another attempt has the run
├── RunStoppedError (agent)       the run was cancelled or lost while something began
└── RunReleasedError              this worker can't go on; another attempt may
"""


class RunReleasedError(BaseException):
    """This worker lets go of the run: its next attempt goes on where this one stopped.

    A store or the bus can't be reached, or the worker goes down; the cause, if any, says which.

    A BaseException: openai-chatkit would tell the user of an error and end the run.
    """
