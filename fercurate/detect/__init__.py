"""Finding faces and framing them as FER2013 does; shared by screen, import and live."""
