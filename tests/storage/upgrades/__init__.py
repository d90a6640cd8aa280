"""Files of every earlier schema, migrated and used."""
