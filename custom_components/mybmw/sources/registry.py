"""Every cloud there is, by the name an account is stored under; one that no account is reached by is not imported."""

from collections.abc import Callable, Mapping
from datetime import datetime
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


def after_sign_in(source: str, known: Credentials, brought: Credentials) -> Credentials:
    """What of an account to keep after a sign-in: what it has brought, and what is known and does not end with it."""
    return cardata.after_sign_in(known, brought) if source == "cardata" else brought


def what_outlives(source: str, credentials: Credentials) -> Credentials:
    """What of an account to keep when it is not reached by a source any more: it opens nothing, and tells of no car."""
    return cardata.what_outlives(credentials) if source == "cardata" else {}


def what_still_counts(source: str, credentials: Credentials, now: datetime) -> Credentials:
    """What of an account to keep for a day when it is removed: what its cloud counts, and nothing else of it."""
    return cardata.what_still_counts(credentials, now) if source == "cardata" else {}


def what_counts_together(source: str, known: Credentials, kept: Credentials, now: datetime) -> Credentials:
    """What is known of an account, and with it what was kept of the same one when it was removed."""
    return cardata.what_counts_together(known, kept, now) if source == "cardata" else known


def number_of(source: str, credentials: Credentials) -> str | None:
    """The number that a cloud has for an account, if it may be another one than that it is known by."""
    return cardata.number_of(credentials) if source == "cardata" else None
