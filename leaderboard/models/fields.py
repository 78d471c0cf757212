"""What the models share: leases on work, and JSON that keeps the numbers PostgreSQL's JSON cannot."""

import json
import math
from typing import Any

from django.db import models


class Leased(models.Model):
    """Work that one process holds for a while; a lease that is not renewed falls free by itself."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True


class WebAddressField(models.URLField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A URL; what is typed without a scheme gets https."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https"} | kwargs)


_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _encode(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_FINITE.get(value, value)
    if isinstance(value, dict):
        return {key: _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value


class NumbersField(models.JSONField):
    """JSON of numbers, exact to the last bit, in which NaN and the infinities survive.

    PostgreSQL's JSON has no NaN: the three non-finite numbers are stored as their names.
    """

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_encode(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _decode(super().from_db_value(value, expression, connection))

    def value_to_string(self, obj: models.Model) -> Any:
        return json.loads(json.dumps(_encode(self.value_from_object(obj))))
