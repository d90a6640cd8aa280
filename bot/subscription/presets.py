"""Filters that many subscriptions begin with. Pure.

Chosen on the daily lists of two years: of thirty papers that each filter found, at least 25 were about its subject by
their titles. `LLM*` also finds `LLMs`; `segmentation` is not among the words of vision because its stem is `segment`.
"""

from collections.abc import Mapping
from enum import StrEnum


class Preset(StrEnum):
    """What papers are about."""

    EVERYTHING = "everything"
    LANGUAGE = "language"
    VISION = "vision"
    ROBOTICS = "robotics"
    AUDIO = "audio"
    CODE = "code"


PRESETS: Mapping[str, str] = {  # the filter of each, in the query language
    Preset.EVERYTHING: "",
    Preset.LANGUAGE: '(LLM* OR "language model") -image -video -visual -multimodal -robot -speech -audio',
    Preset.VISION: '(image OR video OR 3D OR "computer vision") -robot -speech -music',
    Preset.ROBOTICS: 'robot OR humanoid OR "vision-language-action"',
    Preset.AUDIO: '(speech OR music OR "text-to-audio" OR "audio generation" OR "audio language") -"hate speech"',
    Preset.CODE: "has:code",
}
