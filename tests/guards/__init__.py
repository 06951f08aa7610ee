"""Guards around every test: what it leaves behind, blocks, logs or skips makes it fail. See tests/README.md."""
