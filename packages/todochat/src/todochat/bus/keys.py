"""Every key and channel of the bus, with its type, expiry, writer and reader.

The keys of a run share the hash tag `{RUN}`, so they are in one slot of a Redis Cluster and one
script may use all of them. Channels are plain ones: a PUBLISH reaches every node.
"""

from typing import Final

WAKE_CHANNEL: Final = b"chat:wake"
"""Channel, empty messages. Writer: todo-agent api, after accepting a run. Reader: every worker."""


def log_key(run_id: str) -> bytes:
    """Stream, one entry per append: id `<last seq>-0`, field `f` = one or more whole frames.

    Expiry: 2 h after the last append, 30 min after the end. Writer: the worker that holds the
    run (scripts claim and append). Reader: chat-gateway, and the worker at a claim.
    """
    return b"chat:{%b}:log" % run_id.encode()


def live_channel(run_id: str) -> bytes:
    """Channel, each message the `f` of the log entry just written. Reader: chat-gateway."""
    return b"chat:{%b}:live" % run_id.encode()


def meta_key(run_id: str) -> bytes:
    """Hash: the run's owner and the claim that may write its log. Expires with the log.

    Fields: `user_id`, `thread_id`; `status` (queued, running, completed, failed, cancelled);
    `attempt` (0 until claimed) and `claim` (a nonce), the fence of every append; `seq`, the last
    one in the log; `server`, the run id of the Redis server that took the last claim.
    Writer: todo-agent api (script register), worker (scripts claim and append). Reader: both, and
    chat-gateway.
    """
    return b"chat:{%b}:meta" % run_id.encode()


def control_channel(worker_id: str) -> bytes:
    """Channel, each message a run id whose state the worker should look up now.

    Writer: todo-agent api, for a cancel. Reader: that worker.
    """
    return b"chat:control:%b" % worker_id.encode()
