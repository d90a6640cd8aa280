"""The feeds on the HTTP port, over the real storage and index, asked for over loopback."""
