"""Streaming: one set of segments behind HLS and DASH, made when asked for (docs/adr/0060-streaming.md)."""
