"""What can be chosen by whoever starts the cloud from a command line."""

from argparse import SUPPRESS, ArgumentParser

from .presets import PRESETS


def add_fault_option(parser: ArgumentParser, *, when: str) -> None:
    """Let whoever starts the cloud choose what goes wrong at it."""
    parser.set_defaults(fault=[])
    parser.add_argument(
        "--fault",
        action="append",
        choices=[*PRESETS],
        metavar="NAME",
        default=SUPPRESS,
        help=f"switch a fault on {when}, as docs/faults.md describes it; may be given several times",
    )
    parser.epilog = f"faults: {', '.join(PRESETS)}"
