"""Jinja and griffe are imported on first use."""

import subprocess
import sys

_TEMPLATE = """
import sys
from durable_chatkit.parsers_on_demand import postpone_jinja
postpone_jinja()
from chatkit.widgets import WidgetTemplate
assert "jinja2" not in sys.modules

source = '{"type": "Card", "children": [], "key": "{{ name }}"}'
for template in (source, __import__("jinja2").Template(source)):
    widget = WidgetTemplate({"version": "1.0", "name": "greeting", "template": template})
    assert widget.build({"name": "Ann"}).key == "Ann"
try:
    WidgetTemplate({"version": "1.0", "name": "greeting", "template": source}).build()
except __import__("jinja2").UndefinedError as error:
    assert "'name' is undefined" in str(error)
else:
    raise AssertionError("not strict")
"""
_DOCSTRING = '''
import sys
from durable_chatkit.parsers_on_demand import postpone_griffe
postpone_griffe()
import agents
assert "griffe" not in sys.modules

@agents.function_tool
def add_task(title: str) -> str:
    """Add a task.

    Args:
        title: what to do.
    """
    return title

assert add_task.description == "Add a task."
assert add_task.params_json_schema["properties"]["title"]["description"] == "what to do."
'''


def run(program: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_jinja_is_imported_with_the_first_template() -> None:
    run(_TEMPLATE)


def test_griffe_is_imported_with_the_first_docstring() -> None:
    run(_DOCSTRING)
