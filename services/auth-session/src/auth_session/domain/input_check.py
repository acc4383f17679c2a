"""Checks the fields of an input together, so that one response lists every fault."""

from collections.abc import Callable, Mapping

from todochat.errors import FieldError, InvalidInputError


def check_fields(checks: Mapping[str, Callable[[], object]]) -> None:
    """Run the check of each field and collect those that raise ValueError.

    Raises:
        InvalidInputError: at least one check failed.
    """
    faults: list[FieldError] = []
    for field, check in checks.items():
        try:
            check()
        except ValueError as error:
            faults.append(FieldError(f"/{field}", str(error)))
    if faults:
        raise InvalidInputError(" ".join(fault.detail for fault in faults), errors=faults)
