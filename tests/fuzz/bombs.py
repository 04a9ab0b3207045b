"""Little bytes that become many."""

import zlib


def bomb(container: int) -> bytes:
    """A gigabyte of zeros in a megabyte: one block of 16 MB, compressed once, 64 times in a row."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, container)
    first = compressor.compress(b"\0" * 2**24) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(b"\0" * 2**24) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first + again * 63


GZIP, DEFLATE = 31, 15
