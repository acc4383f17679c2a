"""Every Redis key the gateway writes; a run's log and meta belong to `todochat.bus`.

A user's keys share one hash tag and a run's keys share another, so each script works on one slot
of a Redis Cluster.
"""

from typing import Final

UNWATCHED_RUNS: Final = "gateway:absent"
"""Sorted set "<run id> <user id>" -> unix time at which the run is abandoned; expires
UNWATCHED_RUNS_TTL_S after the last one is due. Written when a run's last client closes, read by
every gateway."""
UNWATCHED_RUNS_TTL_S: Final = 3600


def unwatched_run(run_id: str, user_id: str) -> str:
    """Member of `UNWATCHED_RUNS`."""
    return f"{run_id} {user_id}"


def turns(user_id: str) -> str:
    """Counter of the turns in the current minute; expires with that minute."""
    return f"gateway:{{{user_id}}}:turns"


def requests(user_id: str) -> str:
    """Counter of the other requests in the current minute; expires with that minute."""
    return f"gateway:{{{user_id}}}:requests"


def streams(user_id: str) -> str:
    """Sorted set viewer id -> unix time at which its lease ends; expires with the last lease."""
    return f"gateway:{{{user_id}}}:streams"


def viewers(run_id: str) -> str:
    """Sorted set viewer id -> unix time at which its lease ends; expires with the last lease."""
    return f"chat:{{{run_id}}}:viewers"


def resumable(run_id: str) -> str:
    """Flag: a viewer of this run once sent `X-Resumable: 1` or attached; expires after a day."""
    return f"chat:{{{run_id}}}:resumable"
