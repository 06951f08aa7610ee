"""The tests at full size: hundred-thousands, gigabytes, kill loops."""
