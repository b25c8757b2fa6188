"""Stands in for a package that has to be compiled, as pymicro_vad beside it does."""


class AudioProcessor:
    """Would take the noise out of speech."""
