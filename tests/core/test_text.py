"""Which text can be stored, and how text is compared."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.text import MaxBytes, fold, is_storable, space_scripts, validate_storable
from core.timezones import validate_zone
from tests.conftest import NOW
from tests.todos.helpers import fresh, label, put
from todos.models import Label


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ＡＢＣ＠ｅｘａｍｐｌｅ．ｃｏｍ", "abc@example.com"),
        ("e\u0301", "\u00c9"),
        ("ﬁn", "FIN"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("①", "1"),
    ],
)
def test_equal_looking_texts_have_the_same_folded_form(one, other):
    assert fold(one) == fold(other)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_again_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "x\udfff"])
def test_text_that_cannot_be_stored_is_refused(text):
    assert not is_storable(text)
    with pytest.raises(ValidationError):
        validate_storable(text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_all_other_text_is_storable(text):
    assert is_storable(text)
    validate_storable(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("字" * 3, True), ("字" * 3 + "!", False), ("😀😀", True), ("x" * 10, False)],
)
def test_bytes_are_counted_as_utf8(text, fits):
    if fits:
        MaxBytes(9)(text)
    else:
        with pytest.raises(ValidationError, match="9 bytes"):
            MaxBytes(9)(text)


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "Etc/GMT+12"])
def test_iana_names_of_zones_are_accepted(name):
    validate_zone(name)


@pytest.mark.parametrize("name", ["", "asia/shanghai", "CEST", "localtime", "../etc"])
def test_other_zones_are_refused(name):
    with pytest.raises(ValidationError):
        validate_zone(name)


def test_folded_keys_follow_every_kind_of_write(owner, todo_list):
    red = label(owner, todo_list, " ＲＥＤ ")
    assert fresh(red).name_key == "red"
    red.name = "Straße"
    red.save()
    assert fresh(red).name_key == "strasse"
    bulk = Label(list=todo_list, name="ＢＵＬＫ")
    bulk.stamp(by=owner, at=NOW)
    Label.objects.bulk_create([bulk])
    assert fresh(bulk).name_key == "bulk"
    todo = put(owner, todo_list, "Straße", notes="ＮＯＴＥ")
    assert fresh(todo).search_key == "strasse note"


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("添加API 密钥", "添加 API 密钥"),
        ("添加待办", "添加待办"),
        ("Add API key", "Add API key"),
        ("共3项", "共 3 项"),
    ],
)
def test_chinese_and_latin_are_separated_by_a_space(text, spaced):
    assert space_scripts(text) == spaced
