"""The settings of every service, with their documented metadata."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from auth_session.settings import AuthSessionSettings
from chat_gateway.settings import ChatGatewaySettings
from tasks_service.settings import TasksSettings
from todo_agent.settings import TodoAgentSettings
from todochat.settings import ServiceSettings

SECTIONS: Final[tuple[tuple[str, str, type[ServiceSettings]], ...]] = (
    ("auth-session", "Accounts, sign-in, keys, client secrets.", AuthSessionSettings),
    ("tasks", "Tasks and lists.", TasksSettings),
    ("todo-agent", "The api and the worker: threads, runs, the agent.", TodoAgentSettings),
    ("chat-gateway", "Verifies client secrets, relays server-sent events.", ChatGatewaySettings),
)
SHARED: Final = frozenset(ServiceSettings.__struct_encode_fields__)


@dataclass(frozen=True, kw_only=True)
class SettingField:
    """One environment variable.

    Args:
        type: the annotation without its metadata.
        default: as a person writes it; empty if there is none.
    """

    name: str
    type: Any
    metas: tuple[Meta, ...]
    required: bool
    default: str

    @property
    def description(self) -> str:
        """The meaning of the variable."""
        return " ".join(meta.description for meta in self.metas if meta.description)

    @property
    def is_secret(self) -> bool:
        """Return whether the value has to stay private."""
        return any((meta.extra or {}).get("secret") for meta in self.metas)


def setting_fields(
    settings: type[ServiceSettings], skip: Collection[str] = frozenset()
) -> Iterator[SettingField]:
    """Yield the fields of a settings struct whose names aren't in `skip`."""
    hints = get_type_hints(settings, include_extras=True)
    for field in msgspec.structs.fields(settings):
        if field.encode_name in skip:
            continue
        hint = hints[field.name]
        base, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        default = "" if field.required or field.default is None else field.default
        yield SettingField(
            name=field.encode_name,
            type=base,
            metas=tuple(extra for extra in extras if isinstance(extra, Meta)),
            required=field.required,
            default=str(default).lower() if isinstance(default, bool) else str(default),
        )
