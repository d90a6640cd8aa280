"""`/saved`: finding papers among those one saved, and what one wrote about them."""
