"""What Alembic runs for a migration: on the connection it is given, in that connection's transaction.

It guarantees that a migration is applied whole or not at all. It must never open a connection of its own.
"""

from __future__ import annotations

from alembic import context

from takedown_cli.intake.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
