"""Which intake a command talks to, from flags, environment and settings file; and a door to it.

It guarantees that a command without an intake says where a person in need can go now, before anything else happens.
It must never contact anything itself: it opens the door only when asked for a client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.settings import settings
from takedown_cli.errors import NoIntakeError

if TYPE_CHECKING:
    from takedown_cli.address import IntakeAddress
    from takedown_cli.submit.client import IntakeClient

Intake = Annotated[
    str | None, typer.Option("--intake", metavar="URL#KEY", help="The intake, with its key id after '#'.")
]
Proxy = Annotated[
    str | None, typer.Option("--proxy", metavar="URL", help="Go through a proxy; socks5h://127.0.0.1:9050 is Tor.")
]


def intake_address(flag: str | None) -> IntakeAddress:
    """The address of the intake. Raises NoIntakeError when none is configured, ConfigError when it is unusable."""
    from takedown_cli.address import IntakeAddress

    text = settings({"intake": flag})["intake"].value
    if text is None:
        raise NoIntakeError
    return IntakeAddress.parse(text)


def command_for(address: IntakeAddress) -> str:
    """The status command to type for a case at this intake: with the address, unless the settings name it."""
    from takedown_cli.address import IntakeAddress

    configured = settings({})["intake"].value
    if configured is not None and IntakeAddress.parse(configured).origin == address.origin:
        return "takedown status -"
    return f"takedown status - --intake {address}"


@contextmanager
def intake_client(address: IntakeAddress, proxy: str | None) -> Iterator[IntakeClient]:
    """A client of that intake for as long as the block lasts. Raises ConfigError for an unusable proxy."""
    from takedown_cli.cli.working import Working
    from takedown_cli.submit.client import IntakeClient
    from takedown_cli.submit.transport import Door

    with Door(address, settings({"proxy": proxy})["proxy"].value) as door:
        yield IntakeClient(door, address, working=Working())
