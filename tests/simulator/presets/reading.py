"""The faults that show when a car is read, or when somebody signs in."""

import math
from typing import Final

from .. import spoiling
from ..faults import Fault
from ..playing import bought, plainly, sold, without_access
from .preset import BLOCKED, WORDLESS, Preset, Seen, core_issue, iobroker_issue, library_issue

_INVALID_REQUEST: Final = Fault(
    status=400,
    body={"error": "invalid_request", "error_description": "The request is missing a required parameter …"},
)
_NGINX: Final = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"

READING: Final = (
    # The door is shut
    Preset(
        name="blocked",
        what="Answer nobody but BMW's own app",
        seen=(Seen("2025-09-26", library_issue(749)),),
        played="489, `Blocked`, to every request",
        play=plainly(BLOCKED),
    ),
    Preset(
        name="blocked-data",
        what="Let anybody sign in, but tell only BMW's own app about the cars",
        seen=(Seen("2025-09-26", library_issue(749)),),
        played="489, `Blocked`, to every request for data",
        endpoint="data",
        play=plainly(BLOCKED),
    ),
    Preset(
        name="blocked-renewal",
        what="Block those whose sign-in has to be renewed",
        seen=(Seen("2025-10-16", "https://github.com/lsiddiquee/bmw-connected-drive/issues/33"),),
        played="401 to requests for data, then 489, `Blocked`, for the token",
        endpoint="data",
        play=without_access(BLOCKED),
    ),
    Preset(
        name="forbidden",
        what="Refuse everything without a word about why",
        seen=(
            Seen("2022-05-27", core_issue(72609)),
            Seen("2022-05-28", iobroker_issue(19)),
        ),
        played="403, `Forbidden`, to every request",
        play=plainly(Fault(status=403, body="Forbidden")),
    ),
    Preset(
        name="forbidden-car",
        what="Refuse to tell about one car of the account",
        seen=(Seen("after 2023-07", iobroker_issue(44)),),
        played="403 with the app's empty dialog, for one car",
        endpoint="data",
        is_about_one_car=True,
        play=plainly(WORDLESS),
    ),
    Preset(
        name="app-too-old",
        what="Want a newer version of the app",
        seen=(Seen("2022-07", core_issue(75270)),),
        played="400 to requests for data",
        endpoint="data",
        play=plainly(Fault(status=400, body={"statusCode": 400, "message": "Bad Request"})),
    ),
    # The key does not fit
    Preset(
        name="token-expired",
        what="Accept an access token no longer, before its time",
        seen=(Seen("2023-11", library_issue(585)),),
        played="401 to the next request for data, once",
        endpoint="data",
        times=1,
        play=plainly(Fault(status=401, body={"statusCode": 401, "message": "Unauthorized"})),
    ),
    Preset(
        name="unauthorized",
        what="Accept no access token, not even a new one",
        seen=(Seen("2025-02-17", iobroker_issue(86)),),
        played="401 with nothing in it to requests for data",
        endpoint="data",
        play=plainly(Fault(status=401)),
    ),
    Preset(
        name="sign-in-ended",
        what="Forget who was signed in",
        seen=(Seen("2024-08-23", core_issue(124469)), Seen("2025-02", core_issue(138976))),
        played="401 to requests for data, then 400, `invalid_request`, for the token",
        endpoint="data",
        play=without_access(_INVALID_REQUEST),
    ),
    Preset(
        name="renewal-forbidden",
        what="Refuse to renew a sign-in, as a gateway does, not as a sign-in server",
        seen=(Seen("2025-02-17", iobroker_issue(86)),),
        played="401 to requests for data, then 403, `403 Forbidden`, for the token",
        endpoint="data",
        play=without_access(Fault(status=403, body="403 Forbidden")),
    ),
    Preset(
        name="renewal-out-of-order",
        what="Have their sign-in server out of order",
        seen=(Seen("2022-04-29", core_issue(71046)),),
        played="401 to requests for data, then 503, `NoActiveTargets`, for the token",
        endpoint="data",
        play=without_access(
            Fault(
                status=503,
                body={
                    "fault": {
                        "faultstring": "The Service is temporarily unavailable",
                        "detail": {"errorcode": "messaging.adaptors.http.flow.NoActiveTargets"},
                    }
                },
            )
        ),
    ),
    # Enough for today
    Preset(
        name="quota",
        what="Answer no more until a quota is filled up again, and say when",
        seen=(Seen("2025-08-29", library_issue(740)),),
        played="403, `Quota will be replenished in 02:26:24.`, to requests for data",
        endpoint="data",
        play=plainly(
            Fault(
                status=403,
                body={
                    "statusCode": 403,
                    "message": "Out of call volume quota. Quota will be replenished in 02:26:24.",
                },
            )
        ),
    ),
    Preset(
        name="quota-exceeded",
        what="Answer no more until a quota is filled up again, and do not say when",
        seen=(Seen("2022-09-20", library_issue(485)), Seen("2022-12", core_issue(83128))),
        played="403, `Quota Exceeded`, to requests for data",
        endpoint="data",
        play=plainly(Fault(status=403, body="Quota Exceeded")),
    ),
    Preset(
        name="too-many-requests",
        what="Want a moment's rest again and again",
        seen=(Seen("2022-06-11", core_issue(73370)),),
        played="429, `Try again in 2 seconds.`, to requests for data",
        endpoint="data",
        play=plainly(
            Fault(
                status=429,
                body={"statusCode": 429, "message": "Rate limit is exceeded. Try again in 2 seconds."},
            )
        ),
    ),
    Preset(
        name="retry-after",
        what="Want a rest, and say how long in the header made for it",
        played="429 with `Retry-After: 600` to every request",
        play=plainly(Fault(status=429, headers={"retry-after": "600"})),
    ),
    Preset(
        name="sign-in-locked",
        what="Lock the sign-in after too many attempts",
        seen=(Seen("2024-07-26", core_issue(122645)), Seen("2024-11-23", library_issue(679))),
        played="429 with nothing in it to a user name and password",
        endpoint="password",
        play=plainly(Fault(status=429)),
    ),
    # Out of order
    Preset(
        name="server-error",
        what="Fail",
        seen=(Seen("2025-06-20", core_issue(147189)),),
        played="500, `Internal Server Error`, to every request",
        play=plainly(Fault(status=500, body="Internal Server Error")),
    ),
    Preset(
        name="car-out-of-order",
        what="Fail for one car, which was once lent to the owner of the account",
        seen=(Seen("2022-10-09", library_issue(492)),),
        played="500 for one car",
        endpoint="data",
        is_about_one_car=True,
        play=plainly(Fault(status=500, body="Internal Server Error")),
    ),
    Preset(
        name="request-timeout",
        what="Give up waiting for each other",
        seen=(Seen("2023-04-13", core_issue(91368)), Seen("2025-04-11", core_issue(142726))),
        played="408, `Request Timeout`, to requests for a state",
        endpoint="state",
        play=plainly(Fault(status=408, body={"statusCode": 408, "message": "Request Timeout"})),
    ),
    Preset(
        name="flaky",
        what="Fail now and then, several times a day",
        seen=(Seen("2025-06-01", core_issue(142726)),),
        played="500 to every third request for data",
        endpoint="data",
        percent=34,
        play=plainly(Fault(status=500, body="Internal Server Error")),
    ),
    Preset(
        name="html-not-found",
        what="Send a web page that says that there is nothing",
        seen=(Seen("2023-08-05", core_issue(97873)),),
        played="404 with a page of nginx to requests for data",
        endpoint="data",
        play=plainly(Fault(status=404, headers={"content-type": "text/html"}, body=_NGINX.format("404 Not Found"))),
    ),
    Preset(
        name="html",
        what="Send a web page as if it were the answer",
        seen=(Seen("2022-09-19", library_issue(484)), Seen("2023-10-30", core_issue(103047))),
        played="200 with a web page to every request",
        play=plainly(Fault(status=200, headers={"content-type": "text/html"}, body=_NGINX.format("Maintenance"))),
    ),
    Preset(
        name="truncated",
        what="Stop in the middle of an answer",
        played="the first half of each answer",
        play=plainly(Fault(spoil=spoiling.half)),
    ),
    Preset(
        name="slow",
        what="Take their time",
        seen=(Seen("2022-04-12", "https://github.com/bimmerconnected/ha_custom_component/issues/40"),),
        played="each answer 8 seconds late",
        play=plainly(Fault(wait_s=8)),
    ),
    Preset(
        name="never-answered",
        what="Accept a request and never answer it",
        seen=(Seen("2022-04-15", "https://github.com/bimmerconnected/ha_custom_component/issues/40"),),
        played="no answer to any request",
        play=plainly(Fault(wait_s=math.inf)),
    ),
    Preset(
        name="dropped",
        what="Break connections off",
        seen=(Seen("2022-05-18", core_issue(72054)),),
        played="every connection closed before the answer",
        play=plainly(Fault(drop=True)),
    ),
    # Something is different about the answer
    Preset(
        name="no-capabilities",
        what="Do not tell what a car can do",
        seen=(Seen("2023-11-27", core_issue(104586)),),
        played="states without `capabilities`",
        endpoint="state",
        play=plainly(Fault(spoil=spoiling.document(spoiling.without("capabilities")))),
    ),
    Preset(
        name="no-tire-status",
        what="Do not tell about tires for hours after they were changed",
        seen=(Seen("2023-11-05", core_issue(103484)), Seen("2024-04-03", core_issue(114742))),
        played="states without `status` of each tire",
        endpoint="state",
        play=plainly(Fault(spoil=spoiling.document(spoiling.without("state", "tireState", "*", "status")))),
    ),
    Preset(
        name="missing-fields",
        what="Leave fields out",
        seen=(Seen("2023-05-05", core_issue(92550)),),
        played="states without every third of their fields",
        endpoint="state",
        play=plainly(Fault(spoil=spoiling.document(spoiling.with_gaps))),
    ),
    Preset(
        name="mistyped-fields",
        what="Send texts for numbers, numbers for texts and nothing for lists",
        played="states in which no field is of its type",
        endpoint="state",
        play=plainly(Fault(spoil=spoiling.document(spoiling.mistyped))),
    ),
    Preset(
        name="unknown-fields",
        what="Send fields and words that nobody has heard of",
        seen=(Seen("2023-09", core_issue(99968)), Seen("2024-08-22", library_issue(648))),
        played="states in which each word in capitals is another, and each object has one more field",
        endpoint="state",
        play=plainly(Fault(spoil=spoiling.document(spoiling.modernized))),
    ),
    # The account is not what it was
    Preset(
        name="empty-list",
        what="Forget which cars there are",
        seen=(Seen("2022-09-20", library_issue(485)),),
        played="lists without any car",
        endpoint="list",
        play=plainly(Fault(spoil=spoiling.document(spoiling.empty_list))),
    ),
    Preset(
        name="car-sold",
        what="Have one car less on the account, as after a sale",
        seen=(Seen("2024-01-30", library_issue(596)),),
        played="lists without one car, and 404 to all that is asked about it",
        endpoint="data",
        is_about_one_car=True,
        play=sold,
    ),
    Preset(
        name="car-added",
        what="Have one car more on the account, as after a purchase",
        played="lists with a twin of one car, which answers as that car does",
        endpoint="data",
        is_about_one_car=True,
        play=bought,
    ),
)
"""The faults that may strike whatever is asked."""
