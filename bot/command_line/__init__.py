"""The commands that `paperboy` has, one module for each group. `bot/__main__.py` starts them."""
