"""Expressions of the faces in still images. The front is `fercurate.predict.stage.run`."""
