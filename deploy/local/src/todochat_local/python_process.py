"""How the stack's Python programs are started, and what they get of the caller's environment."""

import sys
from collections.abc import Mapping
from typing import Final

FACTORY_VARIABLE: Final = "TODO_AGENT_FACTORY"
MODEL_PREFIX: Final = "OPENAI_"
# With one of these people sign in elsewhere; both hold secrets.
ISSUER_VARIABLES: Final = ("BETTER_AUTH_SECRET", "AUTH_EXTERNAL_ISSUERS")


def python_command(module: str, *arguments: str, imports_from_cwd: bool = False) -> list[str]:
    """Return the command that runs a module.

    Args:
        imports_from_cwd: a file in the folder that `todochat` was called in may be imported;
            else one that is named like a module of ours, or of Python's, does no harm.
    """
    safe_path = [] if imports_from_cwd else ["-P"]
    return [sys.executable, *safe_path, "-m", module, *arguments]


def inherited_environment(
    environ: Mapping[str, str], *, model: bool = False, issuers: bool = False
) -> dict[str, str]:
    """Return what a Python program of the stack gets of the caller's environment.

    Database URLs go to the service that needs them. Bytecode is cached even if the caller's
    shell says otherwise: to compile everything anew takes seconds at each start.

    Args:
        model: it calls the model, whose key is nobody else's business.
        issuers: it verifies the tokens of those who sign people in elsewhere.
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
