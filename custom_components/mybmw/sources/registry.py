"""Every cloud there is, by the name an account is stored under; one that no account is reached by is not imported."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import httpx

from . import Clock, Credentials, KeepCredentials, Source, cardata


class _Open(Protocol):
    def __call__(
        self,
        settings: Mapping[str, str],
        credentials: Credentials,
        *,
        http: httpx.AsyncClient,
        keep: KeepCredentials,
        clock: Clock,
    ) -> Source: ...


def _cardata() -> _Open:
    from .cardata.source import open_account  # noqa: PLC0415 (with the MQTT client, and only where it is needed)

    return open_account


def _mybmw() -> _Open:
    from .mybmw.source import open_account  # noqa: PLC0415 (only where it is needed)

    return open_account


_SOURCES: Final[Mapping[str, Callable[[], _Open]]] = {"cardata": _cardata, "mybmw": _mybmw}


def load_source(name: str) -> None:
    """Import what a source consists of, so that opening it takes no time; not to be done in an event loop.

    Raises KeyError for a name that does not exist.
    """
    _SOURCES[name]()


def open_source(
    settings: Mapping[str, str],
    credentials: Credentials,
    *,
    http: httpx.AsyncClient,
    keep: KeepCredentials,
    clock: Clock,
) -> Source:
    """The source of an account, from the settings its owner entered and the credentials kept from last time.

    `settings["source"]` names the cloud. Raises KeyError for a name or a setting that does not exist and ValueError for
    a setting that makes no sense. Nothing is asked of the cloud yet.
    """
    return _SOURCES[settings["source"]]()(settings, credentials, http=http, keep=keep, clock=clock)


def what_outlives(source: str, credentials: Credentials) -> Credentials:
    """What of an account to keep when it is not reached by a source any more: nothing that opens or tells anything."""
    return cardata.what_outlives(credentials) if source == "cardata" else {}
