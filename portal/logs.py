"""How a line of the log is written."""

import logging
import time


class UtcFormatter(logging.Formatter):
    """Times in UTC with their zone, whatever the server's clock shows (N2)."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)
