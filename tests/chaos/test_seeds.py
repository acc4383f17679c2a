"""Two seeds of chaos; `make chaos N=200` is the long form."""

import pytest

from chaos.campaign import run_seeds
from chaos.explain import explain


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(38, id="a gateway, two workers, a flush"),
        pytest.param(276, id="Stop, and messages sent twice"),
    ],
)
async def test_seed_keeps_all_promises(seed: int) -> None:
    (result,) = [result async for result in run_seeds([seed])]

    assert not result.violations, explain(result)
