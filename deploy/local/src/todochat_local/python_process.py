"""Commands and inherited environments of the stack's Python programs."""

import sys
from collections.abc import Mapping
from typing import Final

FACTORY_VARIABLE: Final = "TODO_AGENT_FACTORY"
MODEL_PREFIX: Final = "OPENAI_"
# Settings of an external identity provider; both hold secrets.
ISSUER_VARIABLES: Final = ("BETTER_AUTH_SECRET", "AUTH_EXTERNAL_ISSUERS")


def python_command(module: str, *arguments: str, imports_from_cwd: bool = False) -> list[str]:
    """Return the command that runs a module.

    Args:
        imports_from_cwd: the module may import files from the current folder; otherwise a file
            there can't shadow a module.
    """
    safe_path = [] if imports_from_cwd else ["-P"]
    return [sys.executable, *safe_path, "-m", module, *arguments]


def inherited_environment(
    environ: Mapping[str, str], *, model: bool = False, issuers: bool = False
) -> dict[str, str]:
    """Return the part of the caller's environment that a Python program of the stack inherits.

    Database URLs are left out: each service gets its own. Bytecode is cached even if the caller's
    shell disables that: compiling all modules takes seconds at each start.

    Args:
        model: include the model's settings, since this program calls the model.
        issuers: include the external identity provider's settings, since this program verifies
            its tokens.
    """
    return {
        name: value
        for name, value in environ.items()
        if value
        and not name.endswith("DATABASE_URL")
        and name != "PYTHONDONTWRITEBYTECODE"
        and (model or not name.startswith(MODEL_PREFIX))
        and (issuers or name not in ISSUER_VARIABLES)
    }
