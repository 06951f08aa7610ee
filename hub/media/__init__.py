"""Everything that touches FFmpeg, in child processes. Importing this package loads no codec: only the worker does."""
