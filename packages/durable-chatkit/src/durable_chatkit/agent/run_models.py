"""Finds the model of a Runner call: an agent's own, or one of the configured model server.

The SDK resolves the name of a model, and an agent without a model, with a provider that reads
OpenAI's environment variables. In a run they mean the configured model server, or the offline
assistant if there is none.
"""

from typing import Any, Final

import msgspec
from agents import Agent, Model, MultiProvider, RunConfig

from durable_chatkit.agent.model_config import ConfiguredModel
from durable_chatkit.agent.usage import UsageMeter

_OTHER_SERVERS: Final = ("litellm/", "any-llm/")


class FoundModel(msgspec.Struct, frozen=True):
    """The model of a Runner call.

    Args:
        name: its name in metrics, traces and prices.
        meter: measures its answers and enforces budgets; None if they cost nothing.
    """

    model: Model
    name: str = ""
    meter: UsageMeter | None = None


class RunModels:
    """The models of all Runner calls of a worker.

    Args:
        meter: for every model except a configured one that costs nothing.
    """

    def __init__(self, configured: ConfiguredModel, meter: UsageMeter | None = None) -> None:
        self._configured = configured
        self._meter = meter
        self._named: dict[str, Model] = {}

    def find(self, agent: Agent[Any], run_config: RunConfig) -> FoundModel:
        """Return the model that the SDK would use with the configured server as its default."""
        chosen = run_config.model if run_config.model is not None else agent.model
        if isinstance(chosen, Model):
            return self._describe(chosen)
        provider = run_config.model_provider
        if not _is_default(provider) or (chosen or "").startswith(_OTHER_SERVERS):
            return self._describe(provider.get_model(chosen), chosen)
        if chosen is None or chosen == self._configured.name:
            return self._describe(self._configured.model)
        if chosen not in self._named:
            self._named[chosen] = self._configured.open_other(chosen)
        return self._describe(self._named[chosen], chosen)

    def _describe(self, model: Model, name: str | None = None) -> FoundModel:
        if model is self._configured.model:
            meter = None if self._configured.is_free else self._meter
            return FoundModel(model, self._configured.name, meter)
        name = name or getattr(model, "model", None)
        name = name if isinstance(name, str) else type(model).__name__
        return FoundModel(model, name, self._meter)


def _is_default(provider: object) -> bool:
    """Return whether a provider is the SDK's default one, without options of the agent's author."""
    if type(provider) is not MultiProvider or provider.provider_map is not None:
        return False
    names = ("_stored_api_key", "_stored_base_url", "_stored_organization", "_stored_project")
    return all(getattr(provider.openai_provider, name, provider) is None for name in names)
