"""The embedded sample: a small labelled set whose true answers are known.

Made from what scikit-image's wheel carries, with no network. The front is
`fercurate.samples.stage.write`.
"""
