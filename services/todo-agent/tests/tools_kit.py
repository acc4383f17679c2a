"""Types of the todo tools' fixtures."""

from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[..., Awaitable[Any]]
