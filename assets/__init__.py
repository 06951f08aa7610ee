"""Icons, fonts and styles: files only, found through importlib.resources."""
