"""Simplify: what Discord refuses is sent with less in it, until it is taken or stands alone.

Each time: without pictures and outside links, then a line for each paper, then in halves, which begin anew. So a
paper that Discord takes in no form ends in a message of its own, and costs the others nothing.
"""

import hashlib
import logging

from bot.channels.requests import ContentRejected
from bot.storage import Delivery, Message, MessageForm, Storage

log = logging.getLogger(__name__)

_SIMPLER_FORMS = {MessageForm.FULL: MessageForm.UNLINKED, MessageForm.UNLINKED: MessageForm.PLAIN}


class Simplifier:
    """Records in `storage` how a message is to be sent next."""

    def __init__(self, storage: Storage) -> None:
        self._deliveries = storage.deliveries

    async def simplify_message(self, delivery: Delivery, message: Message, refused: ContentRejected) -> Delivery:
        """The delivery with `message` in the next simpler form; raises `refused` where there is none."""
        if not message.positions:  # a line of our own words
            raise refused
        error_code = refused.reason.number or 0
        if len(message.positions) > 1 and message.form is MessageForm.PLAIN:
            step = "halves"
            await self._deliveries.split_message(delivery.id, message, _make_nonce_for_half(message), error_code)
        else:
            step = form = _SIMPLER_FORMS.get(message.form, MessageForm.SET_ASIDE)
            await self._deliveries.simplify_message(delivery.id, message.number, form, error_code)
        log.warning(
            "delivery %d: Discord refused message %d (%d), trying next: %s",
            delivery.id,
            message.number,
            error_code,
            step,
            extra=refused.reason.log_fields,
        )
        simplified = await self._deliveries.get(delivery.id)
        if simplified is None:  # an admin has had the server forgotten
            raise refused
        return simplified


def _make_nonce_for_half(message: Message) -> str:
    """As many characters as any nonce, and the same whenever it is asked for."""
    return hashlib.blake2b(f"{message.nonce}:{message.positions}".encode(), digest_size=12).hexdigest()
