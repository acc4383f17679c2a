"""The texts of the site."""

from typing import Any

import aiohttp
from gateway_kit import Gateway, StartGateway


async def read_site(gateway: Gateway, session: aiohttp.ClientSession) -> Any:
    async with session.get(f"{gateway.url}/api/site") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-cache"
        return (await response.json())["assistant"]


async def test_site_has_its_own_texts_by_default(
    gateway: Gateway, session: aiohttp.ClientSession
) -> None:
    assert await read_site(gateway, session) == {"name": None, "greeting": None, "prompts": None}


async def test_configured_texts_are_public(
    start_gateway: StartGateway, session: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(
        ASSISTANT_NAME="Tea house",
        ASSISTANT_GREETING="Which tea?",
        ASSISTANT_PROMPTS='[{"label":"Green","prompt":"a pot of green tea","icon":"star"}]',
    )

    assert await read_site(gateway, session) == {
        "name": "Tea house",
        "greeting": "Which tea?",
        "prompts": [{"label": "Green", "prompt": "a pot of green tea", "icon": "star"}],
    }
