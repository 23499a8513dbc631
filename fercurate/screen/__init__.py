"""What is in each image: a person, a drawing or no face; how well it can be seen; copies of it."""
