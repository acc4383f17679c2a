"""Libraries that are imported in part; the rest loads on first use."""

import subprocess
import sys

import pytest

_ORM = """
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
_CLUSTER = """
import sys
import todochat.lean_imports
from todochat.bus.redis_client import create_redis
create_redis("redis://localhost")
assert "redis.asyncio.cluster" not in sys.modules

from redis.asyncio import RedisCluster
assert isinstance(create_redis("redis+cluster://localhost"), RedisCluster)
"""
_REST_OF_REDIS = """
import importlib, redis, redis.asyncio
given = {
    package: {name: getattr(package, name) for name in package.__all__}
    for package in (redis, redis.asyncio)
}
import sys
for name in [name for name in sys.modules if name.split(".")[0] == "redis"]:
    del sys.modules[name]
import todochat.lean_imports
for package, names in given.items():
    again = importlib.import_module(package.__name__)
    assert again is not package
    for name, value in names.items():
        found = getattr(again, name)
        assert getattr(found, "__name__", found) == getattr(value, "__name__", value), name
"""
_UVICORN_AND_YAML = """
import todochat.lean_imports
import uvicorn, uvicorn.main, yaml
assert issubclass(uvicorn.Server, uvicorn.server.Server)
assert yaml.safe_load("a: 1") == {"a": 1}
assert uvicorn.main.main
"""
_JWKS_CLIENT = """
import sys
import todochat.lean_imports
import jwt
assert "jwt.jwks_client" not in sys.modules

assert jwt.PyJWKClient("https://example.com").uri == "https://example.com"
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(_ORM, id="sqlalchemy-orm"),
        pytest.param(_CLUSTER, id="redis-cluster"),
        pytest.param(_REST_OF_REDIS, id="rest-of-redis"),
        pytest.param(_UVICORN_AND_YAML, id="uvicorn-and-yaml"),
        pytest.param(_JWKS_CLIENT, id="jwks-client"),
    ],
)
def test_postponed_part_works_on_first_use(program: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
