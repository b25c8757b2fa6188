"""Stands in for a package that has to be compiled, so that Home Assistant's voice assistants can be imported.

Without them its frontend waits forever for the descriptions of their actions. Nobody talks to the demo.
"""


class MicroVad:
    """Would tell speech from silence."""
