"""Every cloud there is, by the name an account is stored under."""

from collections.abc import Mapping
from typing import Final, Protocol

import httpx

from . import Clock, Credentials, KeepCredentials, Source, cardata, mybmw


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


_SOURCES: Final[Mapping[str, _Open]] = {
    "cardata": cardata.open_account,
    "mybmw": mybmw.open_account,
}


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
    return _SOURCES[settings["source"]](settings, credentials, http=http, keep=keep, clock=clock)


def what_outlives(source: str, credentials: Credentials) -> Credentials:
    """What of an account to keep when it is not reached by a source any more: nothing that opens or tells anything."""
    return cardata.what_outlives(credentials) if source == "cardata" else {}
