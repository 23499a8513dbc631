"""The view in a browser of this machine, and the camera of that browser."""
