"""`/digest`: what admins set up, change and read, and what is refused."""
