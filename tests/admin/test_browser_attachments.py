"""Files are attached in a real browser: chosen, dropped and pasted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tests.admin.cast import rows_of
from tests.browser import opened_browsers
from tests.conftest import PASSWORD
from tests.pictures import PNG
from todos.models import Attachment

# Give the page a file as the clipboard or a drag does.
GIVE = """
const transfer = new DataTransfer();
transfer.items.add(new File([arguments[2]], arguments[1], {type: "text/plain"}));
const Kind = arguments[0] === "paste" ? ClipboardEvent : DragEvent;
const options = {bubbles: true, cancelable: true};
options[arguments[0] === "paste" ? "clipboardData" : "dataTransfer"] = transfer;
document.querySelector("[data-attach]").dispatchEvent(new Kind(arguments[0], options));
"""


@pytest.fixture
def browser(live_server: Any) -> Iterator[Any]:
    with opened_browsers(live_server.url) as start:
        yield start()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("use_local_store")
def test_files_are_chosen_dropped_and_pasted(browser, editor, todo_list, tmp_path):
    rows = rows_of(editor, todo_list, "Garden")
    (tmp_path / "tree.png").write_bytes(PNG)
    browser.sign_in("edgar", PASSWORD)
    browser.open(reverse("admin:todos_todo_change", args=[rows.todo.pk]))
    browser.type("#id_content", "typed, but not saved")

    browser.find("#attach-file").send_keys(str(tmp_path / "tree.png"))
    browser.wait_for("“tree.png” was attached.")
    browser.driver.execute_script(GIVE, "drop", "dropped.txt", "by hand")
    browser.wait_for("“dropped.txt” was attached.")
    browser.driver.execute_script(GIVE, "paste", "pasted.txt", "by keyboard")
    browser.wait_for("“pasted.txt” was attached.")

    names = Attachment.objects.order_by("created_at").values_list("name", flat=True)
    assert list(names)[1:] == ["tree.png", "dropped.txt", "pasted.txt"]
    assert "typed, but not saved" in browser.value("#id_content")
    browser.listen()
    assert browser.complaints == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("use_local_store")
def test_a_refused_file_is_explained_and_the_next_one_is_attached(
    settings, browser, editor, todo
):
    settings.FILE_LIMIT = 10
    browser.sign_in("edgar", PASSWORD)
    browser.open(reverse("admin:todos_todo_change", args=[todo.pk]))
    browser.driver.execute_script(GIVE, "drop", "large.txt", "more than ten bytes")
    browser.wait_for("The file is too large.")
    browser.driver.execute_script(GIVE, "drop", "small.txt", "small")
    browser.wait_for("“small.txt” was attached.")
    assert [row.name for row in Attachment.objects.all()] == ["small.txt"]
