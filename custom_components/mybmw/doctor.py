"""What a checkup of an account has found, as an owner reads it, wherever it is shown."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError

from .coordinator import MyBMWConfigEntry
from .sources import FOUND_BY_ASKING, Check, Checkup, Obstacle, Verdict

_SIGNS: Final[Mapping[Verdict, str]] = {Verdict.GOOD: "✅", Verdict.PENDING: "⏳", Verdict.BAD: "❌"}

_POINTER: Final = "👉 "
"""Stands before what the stream has failed by, among the things that may be."""


def checkup_of(entry: MyBMWConfigEntry) -> Checkup:
    """Whether all is in order with an account; empty while that is not known."""
    return entry.runtime_data.source.checkup if entry.state is ConfigEntryState.LOADED else {}


def is_ill(checkup: Checkup) -> bool:
    """Whether the owner has to do something."""
    return Verdict.BAD in checkup.values()


def signs(entry: MyBMWConfigEntry) -> dict[str, str]:
    """A sign for each finding, to be put before the words that tell what it is about, and one that points at why."""
    checkup = checkup_of(entry)
    in_the_way = entry.runtime_data.source.obstacle if checkup else None
    return (
        {"account": entry.title}
        | {check.value: _SIGNS[checkup.get(check, Verdict.PENDING)] for check in Check}
        | {obstacle.value: _POINTER if obstacle is in_the_way else "" for obstacle in Obstacle}
    )


async def async_look_again(entry: MyBMWConfigEntry) -> None:
    """Have a closer look, for which BMW is asked only if that may bring something."""
    checkup = checkup_of(entry)
    if any(checkup[check] is not Verdict.GOOD for check in FOUND_BY_ASKING & checkup.keys()):
        with suppress(HomeAssistantError):  # what is in the way is among the findings, or passes by itself
            await entry.runtime_data.async_refresh_now()
