"""What a view is: the same values for a template and for JSON."""

from typing import Any

View = dict[str, Any]  # Any: values that JSON knows, and datetimes
