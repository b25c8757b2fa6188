"""Where our commands differ from those of `bimmer_connected` on purpose."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A part of a request, or what is made of an answer, that differs on purpose."""

    what: str
    commands: str
    theirs: str
    ours: str
    reason: str


DIFFERENCES: Final = (
    Difference(
        what="`title`",
        commands="destination without a name",
        theirs="an advertisement of the library",
        ours="the address, else the coordinates",
        reason="It is what the driver reads.",
    ),
    Difference(
        what="`street`, `postalCode`, `city`, `country`",
        commands="destination without an address",
        theirs='the text "None"',
        ours="nothing",
        reason="It is no street.",
    ),
    Difference(
        what="questions about the fate",
        commands="all",
        theirs="every 3.5 seconds",
        ours="after 2 seconds, then ever less often",
        reason="A car needs some seconds, or much longer; quotas are small.",
    ),
    Difference(
        what="`INITIATED`",
        commands="all",
        theirs="done",
        ours="not done yet",
        reason="The car has not even been told.",
    ),
    Difference(
        what="a failure while asking for the fate",
        commands="all",
        theirs="the command failed",
        ours="asked again",
        reason="The car does what it was told all the same.",
    ),
    Difference(
        what="no answer to the command, or 5xx",
        commands="all",
        theirs="the command failed",
        ours="nobody knows",
        reason="The car may have been told.",
    ),
    Difference(
        what="429 for the command",
        commands="all",
        theirs="sent up to three times more",
        ours="not sent again",
        reason="A command belongs to its moment.",
    ),
    Difference(
        what="no cable, or no charging",
        commands="start and stop charging",
        theirs="believed",
        ours="the car is read again first",
        reason="It may have been plugged in since the last look.",
    ),
    Difference(
        what="the current plan",
        commands="charging plan",
        theirs="as of the last look",
        ours="read right before",
        reason="What was changed in BMW's app since is not undone.",
    ),
    Difference(
        what="afterwards",
        commands="all that change something",
        theirs="the whole account is read",
        ours="one car can be read",
        reason="The others did nothing.",
    ),
    Difference(
        what="positions in China",
        commands="destination, find vehicle",
        theirs="sent as they are",
        ours="sent in China's coordinates",
        reason="It is what BMW's cloud there speaks. Not tried with a real car.",
    ),
)
