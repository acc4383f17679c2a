"""Keys of one script share a slot of a Redis Cluster."""

import pytest
from redis.crc import key_slot

from chat_gateway.streams import keys
from todochat.bus.keys import log_key
from todochat.identity.revocation import REVOCATIONS_COMPLETE_KEY, REVOKED_KEY


def slots(*names: str | bytes) -> set[int]:
    return {key_slot(name.encode() if isinstance(name, str) else name) for name in names}


@pytest.mark.parametrize("user", ["usr_1", "auth0|5f7c", "a.b:c@d-e_f"])
def test_keys_of_a_user_share_a_slot(user: str) -> None:
    assert len(slots(keys.turns(user), keys.requests(user), keys.streams(user))) == 1


def test_keys_of_a_run_share_a_slot_with_its_log() -> None:
    assert len(slots(keys.viewers("run_1"), keys.resumable("run_1"), log_key("run_1"))) == 1


def test_revocation_keys_share_a_slot() -> None:
    assert len(slots(REVOKED_KEY, REVOCATIONS_COMPLETE_KEY)) == 1


def test_users_and_runs_are_spread_over_slots() -> None:
    names = [keys.turns(f"usr_{n}") for n in range(50)]
    names += [keys.viewers(f"run_{n}") for n in range(50)]

    assert len(slots(*names)) > 90
