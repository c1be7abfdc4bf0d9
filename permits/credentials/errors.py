"""Why a permit isn't printed yet."""


class NotSigned(Exception):
    """The time stamp authority or the token doesn't answer; a later try may succeed."""
