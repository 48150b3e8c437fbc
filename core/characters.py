"""What characters look like: which can be seen, and which search treats alike."""

from __future__ import annotations

import unicodedata

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
# Bidirectional classes of text that is written from left to right.
_FROM_LEFT = {"", "L", "EN", "ES", "ET", "CS", "NSM", "BN", "B", "S", "WS", "ON"}
_OPENERS = "\u2066\u2067\u2068"  # LRI, RLI, FSI

# Categories of characters that draw nothing by themselves: controls, formats,
# surrogates, separators and combining marks.
_WITHOUT_SHAPE = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"}
# Letters and symbols that are blank: fillers of Hangul and of Egyptian hieroglyphs, an
# empty Braille pattern, a notehead that is not drawn.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U00013441\U00013442\U0001d159")
# Letters that Unicode does not decompose, but people type without their stroke or dot.
_PLAIN = {
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ŧ": "t",
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
}
# Combining classes of points and accents: strokes through a letter (1), Hebrew, Arabic
# and Syriac points (10 to 36), marks above and below (from 200). Others, such as vowel
# signs and the marks that distinguish Japanese syllables, make a different letter.
_STROKE, _POINTS, _ATTACHED = 1, range(10, 37), 200


def is_visible(text: str) -> bool:
    """Return whether some character of the text can be seen."""
    return any(map(_can_be_seen, text))


def search_words(text: str) -> list[str]:
    """Return the distinct words of the text, as search compares them.

    White space separates words. Case, accents and widths are folded, and characters
    that cannot be seen are left out.
    """
    if text.isascii():
        folded = text.lower()
    else:
        letters = unicodedata.normalize("NFKD", text).translate(_letters)
        folded = letters.casefold().translate(_plain_letters)
        folded = unicodedata.normalize("NFC", folded)
    return list(dict.fromkeys(folded.split()))


def isolate(text: str) -> str:
    """Return the text so that it cannot change the direction of text around it.

    Text that could is wrapped in isolates (Unicode Standard Annex #9); those inside
    are balanced.
    """
    if _FROM_LEFT.issuperset(map(unicodedata.bidirectional, text)):
        return text
    depth, inner = 0, []
    for char in text:
        if char in _OPENERS:
            depth += 1
        elif char == POP_ISOLATE:
            if not depth:
                continue
            depth -= 1
        inner.append(char)
    return "".join([FIRST_STRONG_ISOLATE, *inner, POP_ISOLATE * (depth + 1)])


def _can_be_seen(char: str) -> bool:
    category = unicodedata.category(char)
    if category in _WITHOUT_SHAPE or char in _BLANK:
        return False
    return category != "Cn" or not _is_never_drawn(ord(char))


def _is_never_drawn(code: int) -> bool:
    """Return whether the code point is ignorable by default or no character at all.

    Other unassigned code points may be emoji that are newer than the tables here.
    """
    is_ignorable = code == 0x2065 or 0xFFF0 <= code <= 0xFFF8 or code >> 12 == 0xE0
    return is_ignorable or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _is_accent(char: str) -> bool:
    rank = unicodedata.combining(char)
    return rank == _STROKE or rank in _POINTS or rank >= _ATTACHED


class _Letters(dict[int, str | None]):
    """The table of `str.translate`, filled as characters occur."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        category = unicodedata.category(char)
        if char.isspace():
            kept: str | None = " "
        elif category in {"Mn", "Mc"}:
            kept = None if _is_accent(char) or _is_selector(code) else char
        else:
            kept = char if _can_be_seen(char) else None
        self[code] = kept
        return kept


def _is_selector(code: int) -> bool:
    """Return whether the mark is ignorable: a variation selector or a joiner."""
    return (
        code in {0x034F, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F}
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
    )


_letters = _Letters()
_plain_letters = str.maketrans(_PLAIN)
