"""The deliveries: digests on their way, or arrived. Unique keys make it impossible to post one twice."""

from bot.storage.deliveries.recording import Deliveries
from bot.storage.deliveries.values import Delivery, DeliveryState, DigestInputs, Message, MessageForm, RejectedPaper

__all__ = ["Deliveries", "Delivery", "DeliveryState", "DigestInputs", "Message", "MessageForm", "RejectedPaper"]
