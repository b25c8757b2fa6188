"""What BMW's refusals of a question mean. Their own code decides: status 403 alone stands for five different things."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from .. import SourceError
from ..exchange import Answer
from .failures import Cause, DeniedError, FailedError

type _Kind = type[DeniedError | FailedError]

TOKEN_CODES: Final = frozenset({"CU-100", "CU-101", "CU-102"})
"""There is no token, it is wrong, or it has ended."""

QUOTA_CODE: Final = "CU-429"
"""Comes with status 403."""

_NOTE: Final = 20_000
"""So much of what BMW wrote is looked at."""

_MEANINGS: Final[Mapping[str, tuple[_Kind, Cause, str]]] = {
    **dict.fromkeys(TOKEN_CODES, (FailedError, Cause.TOKEN_NOT_ACCEPTED, "BMW accepts no token of ours")),
    "CU-103": (
        DeniedError,
        Cause.SCOPE_NOT_GRANTED,
        "BMW does not let this client use the API: switch it on in the portal",
    ),
    "CU-104": (
        DeniedError,
        Cause.VEHICLE_NOT_OURS,
        "BMW tells about a car to its primary user only, and not about every car",
    ),
    **dict.fromkeys(
        ("CU-105", "CU-121", "CU-122"), (FailedError, Cause.CONTAINER_GONE, "BMW does not know our container any more")
    ),
    "CU-124": (DeniedError, Cause.CONTAINER_LIMIT, "The account has as many containers as BMW allows"),
    "CU-125": (FailedError, Cause.PAGE_EXPIRED, "BMW's answer has to be read from its first page again"),
    **dict.fromkeys(
        ("CU-126", "CU-127"), (DeniedError, Cause.NOTHING_THERE, "BMW has nothing of the kind about this car")
    ),
    **dict.fromkeys(
        ("CU-120", "CU-400", "CU-401"), (DeniedError, Cause.BAD_REQUEST, "BMW does not understand what it was asked")
    ),
    "CU-402": (DeniedError, Cause.KEY_UNKNOWN, "BMW does not know one of the descriptors it was asked for"),
    "CU-403": (FailedError, Cause.UNEXPLAINED, "BMW refused and gave no reason"),
    "CU-500": (FailedError, Cause.OUT_OF_ORDER, "BMW's servers are out of order"),
    "CU-503": (FailedError, Cause.OUT_OF_ORDER, "A partner of BMW's servers is out of order"),
}

_STATUSES: Final[Mapping[int, tuple[_Kind, Cause, str]]] = {
    HTTPStatus.BAD_REQUEST: (DeniedError, Cause.BAD_REQUEST, "BMW does not understand what it was asked"),
    HTTPStatus.UNAUTHORIZED: (FailedError, Cause.TOKEN_NOT_ACCEPTED, "BMW accepts no token of ours"),
    HTTPStatus.FORBIDDEN: (FailedError, Cause.UNEXPLAINED, "BMW refused and gave no reason"),
    HTTPStatus.NOT_FOUND: (DeniedError, Cause.NOTHING_THERE, "BMW knows nothing of the kind"),
}
"""... of answers without a code."""


def code_of(answer: Answer) -> str:
    """BMW's own code for what went wrong, empty if there is none."""
    return answer.text("exveErrorId").strip().upper()


def is_about_token(answer: Answer) -> bool:
    """Whether another token may open what this one did not."""
    code = code_of(answer)
    return code in TOKEN_CODES or (answer.status == HTTPStatus.UNAUTHORIZED and code not in _MEANINGS)


def is_about_quota(answer: Answer) -> bool:
    """Whether the calls of the day are used up."""
    return code_of(answer) == QUOTA_CODE or answer.status == HTTPStatus.TOO_MANY_REQUESTS


def refusal(answer: Answer) -> SourceError:
    """What a refusal means that is neither about the token nor about the quota."""
    if meaning := _MEANINGS.get(code_of(answer)):
        kind, cause, message = meaning
        return kind(message, cause, answer.body[:_NOTE].decode(errors="replace"))
    otherwise = FailedError, Cause.OUT_OF_ORDER, "BMW's servers are out of order"
    kind, cause, message = _STATUSES.get(answer.status, otherwise)
    return kind(f"{message} (HTTP status {answer.status})", cause)
