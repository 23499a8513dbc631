"""Expressions of the faces before a camera, in a file, a stream or a browser, as they happen."""
