"""BMW CarData, the official and read-only interface for owners.

failures     what exactly went wrong, beside the four meanings
hosts        where CarData is
memory       what is remembered between starts
grant        what a sign-in brings
device_code  ... and the code that brings it
identity     the service that gives out both
auth         signing in
tokens       ... and staying so
quota        fifty calls a day
refusals     what BMW's codes mean
questions    what can be asked
client       asking, each call booked before
descriptors  what a car can be asked about
container    ... and how BMW wants to be told
access       all of it together
"""

from .access import Access
from .auth import DeviceSignIn, first_credentials, gcid_of, missing_scopes_of, what_outlives
from .failures import Cause, cause_of
from .grant import API_SCOPE, STREAM_SCOPE, Grant
from .identity import read_client_id
from .quota import Reason

__all__ = [
    "API_SCOPE",
    "STREAM_SCOPE",
    "Access",
    "Cause",
    "DeviceSignIn",
    "Grant",
    "Reason",
    "cause_of",
    "first_credentials",
    "gcid_of",
    "missing_scopes_of",
    "read_client_id",
    "what_outlives",
]
