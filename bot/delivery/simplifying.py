"""Simplify: a message that Discord rejects is sent again with less in it, until Discord takes it.

First without pictures and outside links, then with a line for each paper, then in halves, each of which starts again
with the full form. So a paper that Discord rejects in every form ends up in a message of its own, and the others
arrive.
"""

import logging

from bot.channels.requests import ContentRejected
from bot.delivery.nonces import make_half_nonce
from bot.storage import Delivery, Message, MessageForm, Storage

log = logging.getLogger(__name__)

_SIMPLER_FORMS = {MessageForm.FULL: MessageForm.UNLINKED, MessageForm.UNLINKED: MessageForm.PLAIN}


class Simplifier:
    """Decides and records how a rejected message is sent next."""

    def __init__(self, storage: Storage) -> None:
        self._deliveries = storage.deliveries

    async def simplify_message(self, delivery: Delivery, message: Message, rejection: ContentRejected) -> Delivery:
        """The delivery with `message` in its next simpler form. Raises `rejection` if there is none."""
        if not message.positions:  # the line of a quiet run, which has no simpler form
            raise rejection
        error_code = rejection.reason.number or 0
        if len(message.positions) > 1 and message.form is MessageForm.PLAIN:
            step = "halves"
            nonce = make_half_nonce(message.nonce, message.positions)
            await self._deliveries.split_message(delivery.id, message, nonce, error_code)
        else:
            form = _SIMPLER_FORMS.get(message.form, MessageForm.SET_ASIDE)
            step = form.name.lower().replace("_", " ")
            await self._deliveries.simplify_message(delivery.id, message.number, form, error_code)
        log.warning(
            "delivery %d: Discord rejected message %d (%d), trying next: %s",
            delivery.id,
            message.number,
            error_code,
            step,
            extra={"event": "simplified", **delivery.log_fields, **rejection.reason.log_fields},
        )
        simplified = await self._deliveries.get(delivery.id)
        if simplified is None:  # the server's data was deleted meanwhile
            raise rejection
        return simplified
