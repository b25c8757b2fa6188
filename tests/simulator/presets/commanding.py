"""The faults that only show when a car is ordered to do something."""

from typing import Final

from ..faults import Fault
from ..playing import failed_in_a_sentence, plainly, refused_in_a_sentence
from .preset import BLOCKED, WORDLESS, Preset, Seen, core_issue, iobroker_issue, library_issue

COMMANDING: Final = (
    Preset(
        name="commands-blocked",
        what="Take commands from nobody but BMW's own app, and still tell about the cars",
        seen=(Seen("2025-09-17", library_issue(746)),),
        played="489, `Blocked`, to every command",
        endpoint="commands",
        play=plainly(BLOCKED),
    ),
    Preset(
        name="command-forbidden",
        what="Refuse a command that the car's contract does not cover",
        seen=(Seen("after 2023-07", iobroker_issue(44)),),
        played="403 with the app's empty dialog to every command",
        endpoint="commands",
        play=plainly(WORDLESS),
    ),
    Preset(
        name="command-refused-in-a-sentence",
        what="Refuse a command in a sentence that names car, owner and place",
        played="409 with such a sentence to every command",
        endpoint="commands",
        play=refused_in_a_sentence,
    ),
    Preset(
        name="command-failed-in-a-sentence",
        what="Take a command at which the car fails, and say so in a sentence that names car, owner and place",
        played="`ERROR` with such a sentence in the end, and nothing happens",
        endpoint="commands",
        play=failed_in_a_sentence,
    ),
    Preset(
        name="command-ignored",
        what="Take a command that the car then ignores",
        played="`IGNORED` in the end, and nothing happens",
        endpoint="commands",
        play=plainly(Fault(fate="ignored")),
    ),
    Preset(
        name="command-failed",
        what="Take a command at which the car fails, without a word about why",
        seen=(Seen("2022", core_issue(81122)), Seen("2025-06-20", core_issue(147189))),
        played="`ERROR` with `<no error returned>` in the end, and nothing happens",
        endpoint="commands",
        play=plainly(Fault(fate="error")),
    ),
    Preset(
        name="charging-mode-not-set",
        what="Take a charging mode that the car does not want",
        seen=(Seen("2025", core_issue(141991)),),
        played="`ERROR` with `CHARGING_MODE_NOT_SET` in the end, and nothing happens",
        endpoint="commands",
        play=plainly(Fault(fate="error:CHARGING_MODE_NOT_SET")),
    ),
    Preset(
        name="car-offline",
        what="Take a command for a car that is in an underground garage",
        played="`PENDING` for good, and nothing happens",
        endpoint="commands",
        play=plainly(Fault(fate="offline")),
    ),
    Preset(
        name="car-silent",
        what="Deliver a command to a car that never says what it made of it",
        played="`DELIVERED` for good, and nothing happens",
        endpoint="commands",
        play=plainly(Fault(fate="silent")),
    ),
    Preset(
        name="command-answer-lost",
        what="Take a command, and break the connection before saying so",
        played="every connection of a command closed after it was taken; the car executes it",
        endpoint="commands",
        play=plainly(Fault(lose=True)),
    ),
)
"""An account that sends no commands does not meet them."""
