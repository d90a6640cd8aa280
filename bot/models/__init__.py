"""The extra `models`: language models that the settings name, in place of the bundled one.

A model is fetched once and checked at every load. Whatever goes wrong, the search goes on with what it has.
"""
