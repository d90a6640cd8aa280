"""How well the search ranks: sets of queries, who is asked, and what the answers say. `bench/judge.py` prints it."""
