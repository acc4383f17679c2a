"""The assistant route."""

from agent_kit import FakeAgent
from gateway_kit import Browser


async def test_assistant_capabilities_are_relayed(ann: Browser) -> None:
    assert await ann.fetch_json("GET", "/assistant") == (200, {"offline": True, "dictation": False})


async def test_assistant_route_refuses_other_users_and_missing_secret(
    agent: FakeAgent, ann: Browser, bob: Browser
) -> None:
    bob.user_id = "usr_ann"

    other_user, _ = await bob.fetch_json("GET", "/assistant")
    ann.headers = {}
    anonymous, _ = await ann.fetch_json("GET", "/assistant")

    assert (other_user, anonymous) == (403, 401)
    assert agent.received == []
