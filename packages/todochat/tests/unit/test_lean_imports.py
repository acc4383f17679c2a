"""Libraries that are imported in part; the rest loads on first use."""

import subprocess
import sys

_PROGRAM = """
import sys
from todochat.lean_imports import postpone_orm
postpone_orm()
from todochat.database import Database
assert "sqlalchemy.orm" not in sys.modules

from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.ext.asyncio.session import AsyncSession as its_own
assert AsyncSession is its_own
assert issubclass(async_sessionmaker().class_, AsyncSession)
try:
    from sqlalchemy.ext.asyncio import unknown
except ImportError as error:
    assert "unknown" in str(error)
"""


def test_orm_is_imported_on_first_use() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr


def test_uvicorn_and_yaml_work_after_the_services_imports() -> None:
    program = """
import todochat.lean_imports
import uvicorn, uvicorn.main, yaml
assert issubclass(uvicorn.Server, uvicorn.server.Server)
assert yaml.safe_load("a: 1") == {"a": 1}
assert uvicorn.main.main
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
