"""Ranks: sortable strings; there is always another one between any two.

A rank is a whole part and a fraction in base 62. The first character of the whole
part says how long it is, so that appending keeps ranks short: the scheme of
"Realtime Editing of Ordered Sequences" (fractional indexing).
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
FIRST = "a0"
MAX_RANK_LENGTH = 200  # characters; a gap without a shorter rank has no room
_SMALLEST_WHOLE = "A" + "0" * 26


def rank_between(before: str | None, after: str | None) -> str:
    """Return a rank that sorts between two ranks; None means the start or the end.

    Raises ValueError when `before` does not sort before `after`.
    """
    if before is not None and after is not None and before >= after:
        raise ValueError("the ranks are not in order")
    if before is None:
        return FIRST if after is None else _rank_before(after)
    if after is None:
        return _rank_after(before)
    whole, fraction = _split(before)
    upper_whole, upper_fraction = _split(after)
    if whole == upper_whole:
        return whole + _midpoint(fraction, upper_fraction)
    following = _next_whole(whole)
    if following is not None and following < after:
        return following
    return whole + _midpoint(fraction, None)


def ranks_spread(count: int) -> list[str]:
    """Return `count` short ranks in order, for the rows of a new list."""
    return ranks_between(None, None, count)


def ranks_between(before: str | None, after: str | None, count: int) -> list[str]:
    """Return `count` ranks in order between two; None means the start or the end.

    Raises ValueError when `before` does not sort before `after`.
    """
    if before is not None and after is not None:
        if before >= after:
            raise ValueError("the ranks are not in order")
        return _evenly(before, after, count)
    ranks: list[str] = []
    for _ in range(count):
        if after is None:
            before = rank_between(before, None)
            ranks.append(before)
        else:
            after = rank_between(None, after)
            ranks.insert(0, after)
    return ranks


def _evenly(before: str, after: str, count: int) -> list[str]:
    """Return `count` ranks at equal distances, of as few digits as that takes."""
    whole, low = _split(before)
    after_whole, high = _split(after)
    digits = 1
    while True:
        first = _number(low, digits)
        end = _number(high, digits) if after_whole == whole else BASE**digits
        if step := (end - first) // (count + 1):
            numbers = range(first + step, first + step * (count + 1), step)
            return [whole + _fraction(number, digits) for number in numbers]
        digits += 1


def _number(fraction: str, digits: int) -> int:
    """Return the fraction as a whole number of so many digits; the rest is cut off."""
    number = 0
    for digit in fraction[:digits].ljust(digits, DIGITS[0]):
        number = number * BASE + DIGITS.index(digit)
    return number


def _fraction(number: int, digits: int) -> str:
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, BASE)
        found = DIGITS[digit] + found
    return found.rstrip(DIGITS[0])


def _rank_before(after: str) -> str:
    whole, fraction = _split(after)
    if whole == _SMALLEST_WHOLE:
        return whole + _midpoint("", fraction)
    if whole < after:
        return whole
    return _previous_whole(whole)


def _rank_after(before: str) -> str:
    whole, fraction = _split(before)
    following = _next_whole(whole)
    return whole + _midpoint(fraction, None) if following is None else following


def _split(rank: str) -> tuple[str, str]:
    length = _whole_length(rank[0])
    return rank[:length], rank[length:]


def _whole_length(head: str) -> int:
    if "a" <= head <= "z":
        return ord(head) - ord("a") + 2
    return ord("Z") - ord(head) + 2


def _next_whole(whole: str) -> str | None:
    """Return the whole part after this one; None after the largest."""
    head, digits = whole[0], whole[1:]
    trimmed = digits.rstrip("z")
    if trimmed:
        raised = DIGITS[DIGITS.index(trimmed[-1]) + 1]
        return head + trimmed[:-1] + raised + "0" * (len(digits) - len(trimmed))
    if head == "z":
        return None
    if head == "Z":
        return FIRST
    longer = chr(ord(head) + 1)
    return longer + "0" * (_whole_length(longer) - 1)


def _previous_whole(whole: str) -> str:
    """Return the whole part before this one, which is not the smallest."""
    head, digits = whole[0], whole[1:]
    trimmed = digits.rstrip("0")
    if trimmed:
        lowered = DIGITS[DIGITS.index(trimmed[-1]) - 1]
        return head + trimmed[:-1] + lowered + "z" * (len(digits) - len(trimmed))
    shorter = "Z" if head == "a" else chr(ord(head) - 1)
    return shorter + "z" * (_whole_length(shorter) - 1)


def _midpoint(low: str, high: str | None) -> str:
    """Return a fraction between two; it never ends in a zero."""
    if high is not None:
        shared = _shared_prefix(low, high)
        if shared:
            return high[:shared] + _midpoint(low[shared:], high[shared:])
    low_digit = DIGITS.index(low[0]) if low else 0
    high_digit = DIGITS.index(high[0]) if high else len(DIGITS)
    if high_digit - low_digit > 1:
        return DIGITS[(low_digit + high_digit) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return DIGITS[low_digit] + _midpoint(low[1:], None)


def _shared_prefix(low: str, high: str) -> int:
    """Return how many leading digits are equal; `low` is padded with zeros."""
    length = 0
    while length < len(high) and (low[length : length + 1] or "0") == high[length]:
        length += 1
    return length
