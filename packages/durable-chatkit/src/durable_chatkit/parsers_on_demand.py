"""Delays importing two parsers that few agents use: Jinja, 2 MB, and griffe, 4 MB.

openai-chatkit uses Jinja for `WidgetTemplate` alone. openai-agents uses griffe to parse the docstring
of a function tool.
"""

import sys
from typing import Any, Final

from todochat.lean_imports import LateName, replaced

_GRIFFE: Final = {name: LateName("griffe", name) for name in ("Docstring", "DocstringSectionKind")}


def postpone_griffe() -> None:
    """Import `agents`; griffe loads with the first docstring. No-op if either is imported."""
    if "agents" in sys.modules or "griffe" in sys.modules:
        return
    with replaced({"griffe": _GRIFFE}):
        import agents  # noqa: F401, PLC0415 - see above


def postpone_jinja() -> None:
    """Import `chatkit.widgets`; Jinja loads with the first template. No-op if either is imported."""
    if "chatkit.widgets" in sys.modules or "jinja2" in sys.modules:
        return
    unused = {"Environment": lambda **_: None, "StrictUndefined": None, "Template": None}
    with replaced({"jinja2": unused}):
        from chatkit import widgets  # noqa: PLC0415 - see above
    initialize = widgets.WidgetTemplate.__init__

    def load_jinja(template: widgets.WidgetTemplate, definition: dict[str, Any]) -> None:
        import jinja2  # noqa: PLC0415 - see above

        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701  # nosec B701 - as there
        vars(widgets).update(Template=jinja2.Template, _jinja_env=environment)
        widgets.WidgetTemplate.__init__ = initialize  # type: ignore[method-assign]
        initialize(template, definition)

    widgets.WidgetTemplate.__init__ = load_jinja  # type: ignore[assignment, method-assign]
