"""What Alembic runs for a migration: on the connection it is given, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from takedown_cli.intake.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
