"""What a checkup of an account has found, as an owner reads it, wherever it is shown."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError

from .coordinator import MyBMWConfigEntry
from .sources import Check, Checkup, Verdict

_SIGNS: Final[Mapping[Verdict, str]] = {Verdict.GOOD: "✅", Verdict.PENDING: "⏳", Verdict.BAD: "❌"}

_WORTH_A_CALL: Final = frozenset({Check.API, Check.CARS, Check.CONTAINER})
"""What can be found out by asking BMW only."""


def checkup_of(entry: MyBMWConfigEntry) -> Checkup:
    """Whether all is in order with an account; empty while that is not known."""
    return entry.runtime_data.source.checkup if entry.state is ConfigEntryState.LOADED else {}


def is_ill(checkup: Checkup) -> bool:
    """Whether the owner has to do something."""
    return Verdict.BAD in checkup.values()


def signs(entry: MyBMWConfigEntry) -> dict[str, str]:
    """A sign for each finding, to be put before the words that tell what it is about."""
    checkup = checkup_of(entry)
    return {"account": entry.title} | {check.value: _SIGNS[checkup.get(check, Verdict.PENDING)] for check in Check}


async def async_look_again(entry: MyBMWConfigEntry) -> None:
    """Have a closer look, for which BMW is asked only if that may bring something."""
    checkup = checkup_of(entry)
    if any(checkup[check] is not Verdict.GOOD for check in _WORTH_A_CALL & checkup.keys()):
        with suppress(HomeAssistantError):  # what is in the way is among the findings, or passes by itself
            await entry.runtime_data.async_refresh_now()
