"""The picture of a paper: its first figure, else the card that Hugging Face draws of it."""

import re

from discord import MediaGalleryItem
from discord.ui import LayoutView, MediaGallery

from bot.layouts.text import MAX_MEDIA_URL, cut
from bot.papers import Paper

_FIGURE = re.compile(r"https?://[^/?#\s]+/[^?#\s]*\.(?:png|jpe?g|gif|webp)(?:[?#]\S*)?", re.IGNORECASE)
_TITLE = 200  # characters


def picture(paper: Paper) -> MediaGallery[LayoutView]:
    """One picture, still or animated but no video, with words for those who cannot see it."""
    figure = next((url for url in paper.media_urls if len(url) <= MAX_MEDIA_URL and _FIGURE.fullmatch(url)), None)
    words = f"{'Figure' if figure else 'Card'} of “{cut(paper.title, _TITLE)}”"
    return MediaGallery(MediaGalleryItem(figure or paper.thumbnail_url, description=words))
