"""One message of the stream: bytes that anybody might have sent, until they have been read."""

from dataclasses import dataclass, field
import re
from typing import Final

import orjson

from .. import Json
from ..fields import is_shallow

MOST_BYTES: Final = 65_536
"""A larger message is not read; real ones have some hundred bytes."""

DEEPEST: Final = 8
"""So many levels of lists and objects may be in each other; real messages have three."""

_VIN: Final = re.compile(r"[A-Z0-9]{17}")
_OPENING: Final = (b"{", b"[")


@dataclass(frozen=True, slots=True)
class Message:
    """What BMW passed on of a car; `payload` is the JSON object as it came, `vin` looks like a VIN at least."""

    vin: str = field(repr=False)
    payload: dict[str, Json] = field(repr=False)


def read_message(topic: str, payload: bytes) -> Message | None:
    """The message that arrived under a topic, None if it is none of BMW's.

    Whose it is stands in the topic (`{gcid}/{vin}`) and in the payload (`vin`); one of the two is enough, but they must
    not contradict each other.
    """
    if len(payload) > MOST_BYTES:
        return None
    try:
        document: Json = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    # Nothing can be deeper than it has openings, so that hardly any message has to be walked through.
    if sum(map(payload.count, _OPENING)) > DEEPEST and not is_shallow(document, DEEPEST):
        return None
    said, sent = document.get("vin"), topic.rpartition("/")[2]
    vins = {vin for vin in (said, sent) if isinstance(vin, str) and _VIN.fullmatch(vin)}
    return Message(vins.pop(), document) if len(vins) == 1 else None
