"""The panel of `/digest setup`: it shows a whole subscription, edits each part in place, and forgets nothing."""
