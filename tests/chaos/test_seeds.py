"""Two seeds of chaos; `make chaos N=200` is the long form."""

import pytest

from chaos.campaign import run_seeds
from chaos.explain import explain

SEEDS = (38, 276)  # a gateway, two workers, a flush; Stop and messages sent twice


@pytest.mark.timeout(900)
async def test_seed_keeps_all_promises() -> None:
    results = [result async for result in run_seeds(SEEDS)]

    wrong = [explain(result) for result in results if result.violations]
    assert wrong == []
    assert len(results) == len(SEEDS)
