"""How much longer Home Assistant takes to start because of an import.

Run as `python -m tests.bench.starting mybmw|cardata|both|theirs home|nothing`: ours, with accounts of that source or of
both, or the library of the former integration.

With "home", what Home Assistant has imported anyway is there before: its core, and the platforms of which there are
entities. With "nothing", it counts.
"""

import importlib
import logging
import pkgutil
import sys
import time
from typing import Final

_THERE_ANYWAY: Final = (
    "homeassistant.bootstrap",
    "homeassistant.components.http",
    "homeassistant.components.recorder",
    "homeassistant.helpers.httpx_client",
    *(
        f"homeassistant.components.{platform}"
        for platform in (
            *("binary_sensor", "button", "device_tracker", "event", "image", "lock"),
            *("notify", "number", "select", "sensor", "switch", "time", "repairs", "diagnostics"),
        )
    ),
)
_SOURCES: Final = ("cardata", "mybmw")
_NOT_AT_START: Final = {"cli", "__main__"}
"""What only the command line imports."""


def import_s(who: str, after: str) -> float:
    """The processor time of importing all of ours, or the library of the former integration."""
    for name in _THERE_ANYWAY if after == "home" else ():
        importlib.import_module(name)
    busy = time.process_time()
    if who == "theirs":
        importlib.import_module("bimmer_connected.account")
        importlib.import_module("bimmer_connected.vehicle")
    else:
        package = importlib.import_module("custom_components.mybmw")
        registry = importlib.import_module("custom_components.mybmw.sources.registry")
        for module in pkgutil.iter_modules(package.__path__):
            if module.name not in _NOT_AT_START:
                importlib.import_module(f"custom_components.mybmw.{module.name}")
        for source in _SOURCES if who == "both" else (who,):
            registry.load_source(source)
    return time.process_time() - busy


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(import_s(*sys.argv[1:]))  # noqa: T201 (is read by who started it)
