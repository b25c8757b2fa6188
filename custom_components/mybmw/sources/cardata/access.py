"""One account's access to CarData: all rooms put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from .. import Clock, Credentials, KeepCredentials
from .client import Client
from .container import ContainerKeeper
from .identity import Identity, read_client_id
from .memory import Memory
from .quota import Ledger
from .tokens import TokenKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one account is asked with. Whatever has to survive a restart is handed to `keep` as it happens.

    `containers` reads how a car is, `client` all else, `tokens` opens the stream, `ledger` tells of the calls. Rooms
    that join later remember on a page of the same `memory`.
    """

    memory: Memory
    tokens: TokenKeeper
    ledger: Ledger
    client: Client
    containers: ContainerKeeper

    @classmethod
    def of(
        cls,
        settings: Mapping[str, str],
        credentials: Credentials,
        *,
        http: httpx.AsyncClient,
        keep: KeepCredentials,
        clock: Clock,
    ) -> Self:
        """The access that an owner's settings describe (`client_id`), with what was kept last time. Asks nothing yet.

        Raises:
            KeyError: The client id is missing.
            ValueError: It is none, or requests are redirected to somewhere else than this machine.
        """
        memory = Memory(credentials, keep)
        tokens = TokenKeeper(Identity(read_client_id(settings["client_id"]), http, clock), memory, clock)
        ledger = Ledger(memory, clock)
        client = Client(http, tokens, ledger, clock)
        return cls(
            memory=memory,
            tokens=tokens,
            ledger=ledger,
            client=client,
            containers=ContainerKeeper(client, memory, clock),
        )

    async def close(self) -> None:
        """Finish what must not be broken off; nothing is asked afterwards. The HTTP client stays the caller's."""
        await self.tokens.close()
