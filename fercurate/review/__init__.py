"""Looking at a dataset and deciding about it in FiftyOne, with a database of our own."""
