"""What is in `deploy/`, and the files for building and publishing at the top of the project."""
