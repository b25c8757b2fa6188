"""BMW CarData, the official and read-only interface for owners.

failures      what exactly went wrong, beside the four meanings
hosts         where CarData is
memory        what is remembered between starts
grant         what a sign-in brings
device_code   ... and the code that brings it
identity      the service that gives out both
auth          signing in
tokens        ... and staying so
quota         fifty calls a day
refusals      what BMW's codes mean
questions     what can be asked
client        asking, each call booked before
descriptors   what a car can be asked about
container     ... and how BMW wants to be told
message       what comes in the stream
stream_status how that is doing
stream_pauses how long to stay away from it
broker        one connection to it
stream        ... and always one
access        all of it together
"""

from .access import Access
from .auth import DeviceSignIn, first_credentials, gcid_of
from .failures import Cause, cause_of
from .message import Message
from .quota import Reason
from .stream import Stream
from .stream_status import StreamStatus, Trouble

__all__ = [
    "Access",
    "Cause",
    "DeviceSignIn",
    "Message",
    "Reason",
    "Stream",
    "StreamStatus",
    "Trouble",
    "cause_of",
    "first_credentials",
    "gcid_of",
]
