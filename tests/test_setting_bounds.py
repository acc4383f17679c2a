"""Each setting's bound from both sides: the last valid value loads, the next is refused."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Meta

from settings_docs.fields import SECTIONS
from todochat.settings import ServiceSettings, SettingsError, load_settings


def metas_of(hint: Any) -> list[Meta]:
    parts = get_args(hint) if get_origin(hint) is Annotated else ()
    return [part for part in parts if isinstance(part, Meta)]


def sides(meta: Meta, hint: Any) -> Iterator[tuple[float, float]]:
    """Return each bound as the last value inside and the first one outside."""
    step = 1 if int in (get_args(hint)[0], *get_args(get_args(hint)[0])) else 0.001
    if meta.ge is not None:
        yield meta.ge, meta.ge - step
    if meta.le is not None:
        yield meta.le, meta.le + step
    if meta.gt is not None:
        yield meta.gt + step, meta.gt
    if meta.lt is not None:
        yield meta.lt - step, meta.lt


def bounds() -> Iterator[Any]:
    for name, _, settings in SECTIONS:
        hints = get_type_hints(settings, include_extras=True)
        for field in msgspec.structs.fields(settings):
            for meta in metas_of(hints[field.name]):
                for inside, outside in sides(meta, hints[field.name]):
                    test_id = f"{name}-{field.encode_name}-{outside:g}"
                    yield pytest.param(settings, field.encode_name, inside, outside, id=test_id)


@pytest.mark.parametrize(("settings", "variable", "inside", "outside"), list(bounds()))
def test_setting_is_accepted_up_to_its_bound(
    settings: type[ServiceSettings], variable: str, inside: float, outside: float
) -> None:
    required = [field for field in msgspec.structs.fields(settings) if field.required]
    environ = {field.encode_name: "text" for field in required}

    load_settings(settings, {**environ, variable: f"{inside:.12g}"})
    with pytest.raises(SettingsError) as caught:
        load_settings(settings, {**environ, variable: f"{outside:.12g}"})

    assert str(caught.value).startswith(f"setting {variable}: expected ")
