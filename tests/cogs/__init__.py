"""What people do with slash commands, buttons and panels, in the simulated Discord."""
