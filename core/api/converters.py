"""Converters of the ids in paths."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter

NUMBER = "number"
LARGEST = 2**63 - 1


class NumberConverter(IntConverter):
    """A positive number of 64 bits, without leading zeros: one address per row."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST:
            raise ValueError(value)
        return number


register_converter(NumberConverter, NUMBER)
