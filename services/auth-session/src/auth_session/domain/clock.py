"""Where the time comes from; tests put another clock in its place."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
