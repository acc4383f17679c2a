"""Checking the fields of one input together, so that a person hears of every fault at once."""

from collections.abc import Callable, Mapping

from todochat.errors import FieldError, InvalidInputError


def check_fields(checks: Mapping[str, Callable[[], object]]) -> None:
    """Run the check of each field; one that raises ValueError names a fault.

    Raises:
        InvalidInputError: at least one check failed.
    """
    faults = [fault for field, check in checks.items() if (fault := _fault(field, check))]
    if faults:
        raise InvalidInputError(" ".join(fault.detail for fault in faults), errors=faults)


def _fault(field: str, check: Callable[[], object]) -> FieldError | None:
    try:
        check()
    except ValueError as error:
        return FieldError(f"/{field}", str(error))
    return None
