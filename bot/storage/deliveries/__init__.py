"""The deliveries: digests on their way or arrived. Unique keys make a repeat impossible."""

from bot.storage.deliveries.recording import Deliveries
from bot.storage.deliveries.values import Delivery, DeliveryState, Form, Message, RefusedPaper, Standing

__all__ = ["Deliveries", "Delivery", "DeliveryState", "Form", "Message", "RefusedPaper", "Standing"]
