"""The objects that request handlers use."""

from collections.abc import Mapping

import msgspec

from chat_gateway.clients.agent_client import AgentClient
from chat_gateway.clients.attachment_client import AttachmentClient
from chat_gateway.clients.history_client import HistoryClient
from chat_gateway.run_service import PublicRunService
from chat_gateway.streams.admission import AdmissionControl
from chat_gateway.streams.relay import Relay
from todochat.contracts.uploads import LinkSigner
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.identity.tokens import TokenVerifier


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Created by the lifespan; guards find it on `app.state`, handlers get it injected.

    Args:
        agents: the default agent as None, and further agents by name.
    """

    verifier: TokenVerifier
    link_signer: LinkSigner
    admission: AdmissionControl
    agents: Mapping[str | None, AgentClient]
    attachments: AttachmentClient
    history: HistoryClient
    runs: PublicRunService
    exports: ConcurrencyLimit
    relay: Relay
