"""Why a worker puts a run down without an end.

BaseException
├── RunLostError (todochat.bus)   another attempt has the run
├── RunStoppedError (agent)       the run was cancelled or lost while something began
└── RunAbandonedError             this worker can't go on; another attempt may
"""


class RunAbandonedError(BaseException):
    """A store or the bus can't be reached: the run is left to the next attempt.

    A BaseException: openai-chatkit would tell the user of an error and end the run.
    """
