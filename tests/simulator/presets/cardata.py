"""The faults of BMW CarData, of its questions and of its stream.

Those that can happen to any server, like one that is out of order, are the same at both doors and stand in `reading`.
"""

from collections.abc import Iterable
from typing import Final

from custom_components.mybmw.sources import Json

from ..faults import Fault
from ..playing import ENDPOINTS, Where, plainly
from ..spoiling import document
from ..stream import StreamFault
from .preset import Preset, Seen, iobroker_issue, streaming_issue

_FIRST_CLIENT: Final = "https://github.com/JjyKsi/bmw-cardata-ha/issues/"


def _refusal(status: int, code: str, message: str) -> Fault:
    return Fault(
        status=status, body={"exveErrorId": code, "exveErrorRef": "", "exveErrorMsg": message, "exveNote": message}
    )


def _without_renewal(where: Where, error: str, status: int) -> Iterable[Fault]:
    yield Fault(path=ENDPOINTS["token"], percent=where.percent, status=status, body={"error": error})


def _ended(where: Where) -> Iterable[Fault]:
    yield from _without_renewal(where, "invalid_grant", 400)
    yield _refused_token(where, "CU-102", "Token expired")


def _client_gone(where: Where) -> Iterable[Fault]:
    yield from _without_renewal(where, "invalid_client", 401)
    yield _refused_token(where, "CU-101", "Authentication failed")


def _refused_token(where: Where, code: str, message: str) -> Fault:
    body: Json = {"exveErrorId": code, "exveErrorMsg": message}
    return Fault(path=where.path, percent=where.percent, status=401, body=body)


def _without_values(answer: Json) -> Json:
    """What BMW tells of a car, with nothing in it."""
    if not isinstance(answer, dict) or not isinstance(told := answer.get("telematicData"), dict):
        return answer
    return {"telematicData": {key: {"value": None, "unit": None, "timestamp": None} for key in told}}


_QUESTIONS: Final = (
    Preset(
        name="cardata-calls-used-up",
        what="Say that the calls of the day are used up",
        seen=(Seen("2026-03-23", streaming_issue(424)),),
        played="403 with `CU-429` to every question",
        endpoint="CarData",
        play=plainly(_refusal(403, "CU-429", "API rate limit reached")),
    ),
    Preset(
        name="cardata-api-off",
        what="Know nothing of the API that the owner has switched on in the portal",
        seen=(Seen("2025", f"{_FIRST_CLIENT}91"), Seen("2026", iobroker_issue(297))),
        played="403 with `CU-103` to every question",
        endpoint="CarData",
        play=plainly(_refusal(403, "CU-103", "No scope")),
    ),
    Preset(
        name="cardata-car-denied",
        what="Tell nothing of a car, as to somebody who is not its main user",
        played="403 with `CU-104` to every question about one car",
        endpoint="CarData",
        is_about_one_car=True,
        play=plainly(_refusal(403, "CU-104", "No access to this VIN")),
    ),
    Preset(
        name="cardata-container-lost",
        what="Forget a container",
        seen=(Seen("2026", streaming_issue(375)),),
        played="403 with `CU-105` to the next question by container, once",
        endpoint="telematic data",
        times=1,
        play=plainly(_refusal(403, "CU-105", "No access to this container")),
    ),
    Preset(
        name="cardata-empty",
        what="Answer without a single value",
        played="null for every value of a car",
        endpoint="telematic data",
        play=plainly(Fault(spoil=document(_without_values))),
    ),
    Preset(
        name="cardata-sign-in-ended",
        what="Forget who was signed in",
        played="401 with `CU-102` to every question, then 400, `invalid_grant`, for the token",
        endpoint="CarData",
        play=_ended,
    ),
    Preset(
        name="cardata-client-deleted",
        what="Delete the client that the owner has made",
        seen=(Seen("2025-10-08", f"{_FIRST_CLIENT}57"),),
        played="401 with `CU-101` to every question, then 401, `invalid_client`, for the token",
        endpoint="CarData",
        play=_client_gone,
    ),
)


def _of_stream(fault: StreamFault, what: str, played: str, *seen: Seen) -> Preset:
    return Preset(
        name=f"stream-{fault}",
        what=what,
        played=played,
        seen=seen,
        play=plainly(),
        endpoint="everything",
        of_stream=fault,
    )


_STREAM: Final = (
    _of_stream(
        StreamFault.RIVAL,
        "Let in another client of the owner's, which evicts ours and is evicted in turn",
        "a connection closed ten seconds after it was made, each time",
        Seen("2026", streaming_issue(402)),
    ),
    _of_stream(
        StreamFault.REFUSED,
        "Let nobody in, and not say why",
        "code 5 to every connection",
        Seen("2026", streaming_issue(443)),
    ),
    _of_stream(
        StreamFault.BAD_CREDENTIALS,
        "Accept no id token for the stream, not even a new one",
        "code 4 to every connection",
    ),
    _of_stream(StreamFault.BUSY, "Say that they are too busy for anybody", "code 3 to every connection"),
    _of_stream(
        StreamFault.UNREACHABLE,
        "Have the broker of the stream out of order, and nothing else",
        "no connection to the stream",
        Seen("2025-10-23", f"{_FIRST_CLIENT}103"),
    ),
    _of_stream(
        StreamFault.SILENT,
        "Keep the connection and pass nothing on",
        "no message, and none of them later",
        Seen("2026", streaming_issue(400)),
    ),
    _of_stream(
        StreamFault.SILENT_CHARGE,
        "Tell nothing of a charge but that it has begun",
        "no message of a car while it charges, and none that it has ended",
        Seen("2026", f"{_FIRST_CLIENT}2"),
    ),
    _of_stream(StreamFault.DROP, "Break off while a car uploads", "the connection closed in the middle of each upload"),
    _of_stream(
        StreamFault.GARBAGE,
        "Send what is no message",
        "between the messages others of which nothing can be made",
    ),
    _of_stream(StreamFault.LATE, "Hold an upload back until the next one", "an upload only together with the next one"),
    _of_stream(StreamFault.DUPLICATE, "Repeat themselves", "each message twice"),
    _of_stream(
        StreamFault.OUT_OF_ORDER,
        "Pass on what comes last first",
        "the messages of an upload in the opposite order",
    ),
)

CARDATA: Final = (*_QUESTIONS, *_STREAM)
"""An account that is reached by the other door does not meet them."""
