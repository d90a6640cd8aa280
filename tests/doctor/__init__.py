"""`paperboy doctor`: what it finds in a set-up, and that it changes nothing there."""
