"""Delivery over the little Discord on loopback, which loses answers, limits rates and drops connections."""
