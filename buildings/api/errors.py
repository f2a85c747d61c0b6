"""What can be wrong with a request for buildings; `predictions.api.exceptions` answers it."""

from rest_framework.exceptions import ValidationError


class InvalidQueryError(ValidationError):
    """Query parameters, by name, and not members of the body."""
