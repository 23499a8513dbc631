"""Import: csv, archives and folder trees to manifest, faces, PNGs and votes.

The front is `fercurate.ingest.stage.run`.
"""
