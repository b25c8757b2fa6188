"""Every fault that BMW's servers have shown, by name: what they did, when it was seen, and how it is played.

What nobody has reported yet is here, too, if it can happen to anything that is reached over the internet; `seen` is
empty then.
"""

from collections.abc import Mapping
from typing import Final

from .cardata import CARDATA
from .commanding import COMMANDING
from .preset import Preset, Seen
from .reading import READING

__all__ = ["ALL_PRESETS", "ANY_SERVERS", "CARDATA_PRESETS", "COMMAND_PRESETS", "PRESETS", "Preset", "Seen"]

PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in READING}
"""The faults that may strike whatever is asked, by name."""

COMMAND_PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in COMMANDING}
"""The faults of commands by name; an account that sends none does not meet them."""

CARDATA_PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in CARDATA}
"""The faults of CarData by name."""

ANY_SERVERS: Final = (
    "forbidden",
    "retry-after",
    "server-error",
    "request-timeout",
    "flaky",
    "html-not-found",
    "html",
    "truncated",
    "dropped",
    "slow",
    "never-answered",
)
"""The faults out of `PRESETS` that can happen to any server, so to CarData's, too."""

ALL_PRESETS: Final[Mapping[str, Preset]] = {**PRESETS, **COMMAND_PRESETS, **CARDATA_PRESETS}
"""Everything that can be switched on."""
