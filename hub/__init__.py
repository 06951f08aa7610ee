"""The core of Marquee: everything it can do, callable without a screen or a socket."""

__version__ = "0.1.0"
