"""Delivery: planned, sent, recorded and recovered, whatever Discord, the network or the machine does meanwhile."""
