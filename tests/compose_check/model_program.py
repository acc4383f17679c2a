"""The program of the container `model`: adds a task and streams a text, for every message."""

import asyncio

from load.paced_model import PacedModel
from todochat.testing.model_script import Call

TOKENS = 30
PORT = 8080


async def main() -> None:
    model = PacedModel(TOKENS, rate=10)
    model.call = Call("add_task", {"title": "milk"})
    await model.listen("0.0.0.0", PORT)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
