"""What the exit code of a command says."""

from enum import IntEnum

from ..sources import NotAllowedError, SignInRequiredError, SlowDownError, SourceError
from ..vehicle import Fate


class Exit(IntEnum):
    """How a command ended; scripts rely on the numbers, so they never change."""

    DONE = 0
    BROKEN = 1
    """A bug of ours."""
    USAGE = 2
    """It makes no sense, or not for this car; nothing was sent."""
    SIGN_IN = 3
    NOT_ALLOWED = 4
    SLOW_DOWN = 5
    TRY_LATER = 6
    IGNORED = 7
    """The car had nothing to do."""
    FAILED = 8
    """The car, or its cloud, refused."""
    NOT_KNOWN = 9
    """It was sent, and nobody knows what became of it."""
    PARTLY = 10
    """Some cars could not be read, or some pictures are not to be had; the others were."""
    STORE = 11
    """A file, such as the store of the account, cannot be used, or somebody else is using it."""
    LEFT_ALONE = 12
    """Interrupted when a command was on its way: it was sent, or may have been, and the car may carry it out."""
    INTERRUPTED = 130
    """Interrupted; nothing was sent to a car."""
    UNHEARD = 141
    """Whoever read the answer stopped reading, as `head` does."""

    @classmethod
    def of_error(cls, err: SourceError) -> Exit:
        """The end of a command that a source could not carry out."""
        match err:
            case SignInRequiredError():
                return cls.SIGN_IN
            case NotAllowedError():
                return cls.NOT_ALLOWED
            case SlowDownError():
                return cls.SLOW_DOWN
            case _:
                return cls.TRY_LATER

    @classmethod
    def of_fate(cls, fate: Fate) -> Exit:
        """The end of a command that was sent."""
        match fate:
            case Fate.EXECUTED:
                return cls.DONE
            case Fate.IGNORED:
                return cls.IGNORED
            case Fate.FAILED:
                return cls.FAILED
            case Fate.TIMED_OUT | Fate.UNKNOWN:
                return cls.NOT_KNOWN


class StopError(Exception):
    """A command ends here. The message is for the person at the terminal and holds no secret."""

    def __init__(self, message: str, code: Exit) -> None:
        """Keep the exit code beside the message."""
        super().__init__(message)
        self.code = code
