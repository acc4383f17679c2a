"""Who answers, as a page may ask."""

from agent_kit import FakeAgent
from gateway_kit import Browser


async def test_a_page_learns_who_answers(ann: Browser) -> None:
    assert await ann.fetch_json("GET", "/assistant") == (200, {"offline": True, "dictation": False})


async def test_strangers_learn_nothing(agent: FakeAgent, ann: Browser, bob: Browser) -> None:
    bob.user_id = "usr_ann"

    foreign, _ = await bob.fetch_json("GET", "/assistant")
    ann.headers = {}
    stranger, _ = await ann.fetch_json("GET", "/assistant")

    assert (foreign, stranger) == (403, 401)
    assert agent.received == []
