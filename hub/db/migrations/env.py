"""Alembic's entry: runs the migrations over the connection that `hub.db.upgrade` hands in."""

from __future__ import annotations

from alembic import context

from hub.db.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite can change a table only by copying it; batch mode does that and is plain ALTER elsewhere.
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
