"""Additions to Litestar's OpenAPI document."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIResponse, Operation, RequestBody


@dataclass
class OptionalBody(Operation):
    """An operation with an optional body."""

    def __post_init__(self) -> None:
        """Mark the body as optional."""
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


@dataclass
class NoContent(Operation):
    """An operation that responds with 204."""

    def __post_init__(self) -> None:
        """Remove the content of the response."""
        response = (self.responses or {}).get("204")
        if isinstance(response, OpenAPIResponse):
            response.content = None


@dataclass
class OptionalBodyNoContent(OptionalBody, NoContent):
    """An operation with an optional body that responds with 204."""

    def __post_init__(self) -> None:
        """Mark the body as optional and remove the content of the response."""
        OptionalBody.__post_init__(self)
        NoContent.__post_init__(self)
