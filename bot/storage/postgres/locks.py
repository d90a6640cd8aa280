"""The advisory locks of PostgreSQL that processes agree by. They hold within one database.

Those with two numbers are of a class, and never meet those with one.
"""

WRITER = 0x5041_5045_5242_4F59  # held by whoever writes, until the end of the transaction; taken alone or shared
# Classes
CLUSTER = 0x5041_0001  # of 0: whoever uses the database holds it shared; alone, the number of shards may be changed
SHARD = 0x5041_0002  # of a shard: whoever has it, for life
IDENTIFY = 0x5041_0003  # of a bucket: whoever has just identified
