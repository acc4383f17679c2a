"""The parameters passwords are hashed with; the pool's bounds are tested through HTTP."""

import argon2
import pytest
from argon2 import PasswordHasher

from auth_session.service import password_pool


@pytest.fixture
def real_hasher(cheap_hashing: None, monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    monkeypatch.undo()
    return password_pool.create_hasher()


def test_passwords_are_hashed_with_argon2id_and_no_less_than_owasp_asks_for(
    real_hasher: PasswordHasher,
) -> None:
    parameters = argon2.extract_parameters(real_hasher.hash("a password"))

    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)
