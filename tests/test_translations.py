"""The Chinese translation is complete, and pages and API use it."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from core.admin.history import field_label
from core.models import Event
from core.registry import registry
from core.text import space_scripts
from tests.admin.cast import save, text_of
from tests.conftest import browser_for, make_person
from tests.problems import assert_problem
from todos.models import Todo
from todos.services.lists import inbox_of
from todos.services.todos import add_todo

CATALOGUE = settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"
SOURCES = ("templates", *registry.apps)
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@pytest.fixture
def extracted(tmp_path: Path, settings: Any, monkeypatch: Any) -> Path:
    """Extract the texts from a copy of the sources, as this creates files there."""
    no_code = shutil.ignore_patterns("__pycache__", "migrations")
    for name in SOURCES:
        shutil.copytree(settings.BASE_DIR / name, tmp_path / name, ignore=no_code)
    (tmp_path / "locale").mkdir()
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["zh_Hans"], keep_pot=True, verbosity=0)
    return tmp_path / "locale/django.pot"


def gettext(*command: str | Path) -> str:
    """Run a gettext program; return its output, errors first."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stderr + done.stdout


@pytest.fixture
def reader(db: None) -> User:
    return make_person("wen", display_name="文静", language="zh-hans")


@pytest.fixture
def browser(reader: User) -> Client:
    return browser_for(reader)


@pytest.fixture
def watering(reader: User) -> Todo:
    overdue = timezone.now().date() - timedelta(days=3)
    return add_todo(actor=reader, content="浇花", due_on=overdue, now=timezone.now())


def assert_chinese(response: Any, status: int, *texts: str) -> None:
    """Assert that the page is in Chinese and contains the texts."""
    assert response.status_code == status
    assert response["Content-Language"] == "zh-hans"
    page = text_of(response)
    assert '<html lang="zh-hans"' in page
    assert [text for text in texts if text not in page] == []


def test_every_text_is_translated_and_no_translation_is_unused(extracted):
    # msgcmp reports missing, empty, fuzzy and unused translations.
    said = gettext("msgcmp", CATALOGUE, extracted)
    assert said == "", f"{said}Run script/translate."


def test_an_untranslated_text_is_found(extracted):
    with extracted.open("a") as template:
        template.write('\nmsgid "Nobody has translated this."\nmsgstr ""\n')
    assert "is used but not defined" in gettext("msgcmp", CATALOGUE, extracted)


def test_the_compiled_catalogue_matches_the_translations(tmp_path):
    made = tmp_path / "django.mo"
    assert gettext("msgfmt", "--check-format", "-o", made, CATALOGUE) == ""
    kept = gettext("msgunfmt", CATALOGUE.with_suffix(".mo"))
    assert "你好" in kept
    assert kept == gettext("msgunfmt", made), "Run script/translate."


@pytest.mark.usefixtures("_at_noon")
def test_the_home_page_is_in_the_language_of_the_person(browser, watering):
    page = browser.get(reverse("admin:index"))
    today = timezone.localdate()
    days = f"{today.month}月{today.day}日 星期{'一二三四五六日'[today.weekday()]}"
    assert_chinese(
        page, 200, "你好，文静", days, "收件箱", "已逾期", "今天没有其他到期的待办"
    )


def test_the_language_of_the_person_overrides_that_of_the_browser(
    browser, owner_browser
):
    english = {"Accept-Language": "en"}
    assert_chinese(browser.get(reverse("admin:index"), headers=english), 200, "你好")
    page = owner_browser.get(reverse("admin:index"), headers=CHINESE)
    assert page["Content-Language"] == "en"
    assert "Hello, Olga Owner" in text_of(page)


def test_todos_are_listed_in_chinese(browser, watering):
    page = browser.get(reverse("admin:todos_todo_changelist"))
    assert_chinese(
        page, 200, "浇花", "截止", "优先级", "负责人", "未完成", "移到回收站"
    )


def test_a_form_asks_and_refuses_in_chinese(browser, watering):
    url = reverse("admin:todos_todo_change", args=[watering.pk])
    assert_chinese(
        browser.get(url), 200, "截止日期", "备注", "子任务", "保存并继续编辑"
    )
    refused = save(browser, url, due_on="", due_time="09:30")
    assert_chinese(
        refused, 200, "请更正下面的错误。", "填写截止时间前，须先填写截止日期。"
    )


def test_the_message_of_an_action_is_in_chinese(browser, watering):
    chosen = {"action": "finish", "_selected_action": [str(watering.pk)]}
    url = reverse("admin:todos_todo_changelist")
    assert_chinese(browser.post(url, chosen, follow=True), 200, "已完成 1 项待办。")


def test_permissions_are_named_in_chinese(administrator):
    administrator.language = "zh-hans"
    administrator.save(update_fields=["language"])
    page = browser_for(administrator).get(reverse("admin:accounts_role_add"))
    named = ("添加 API 密钥", "查看待办", "完成和重新打开待办")
    assert_chinese(page, 200, *named)


def test_visitors_get_the_language_of_their_browser(db):
    login = reverse("admin:login")
    assert_chinese(Client().get(login, headers=CHINESE), 200, "登录", "用户名", "密码")
    assert_chinese(Client().get("/nowhere", headers=CHINESE), 404, "未找到。")
    english = Client().get(login, headers={"Accept-Language": "fr"})
    assert english["Content-Language"] == "en"
    assert "Sign in" in text_of(english)


def test_the_sign_in_page_keeps_the_language_of_its_last_user(browser):
    english = {"Accept-Language": "en"}
    browser.get(reverse("admin:index"), headers=english)
    browser.post(reverse("admin:logout"))
    page = browser.get(reverse("admin:login"), headers=english)
    assert_chinese(page, 200, "登录", "忘记密码？")


def test_a_change_of_language_is_confirmed_in_the_new_one(owner, owner_browser):
    url = reverse("admin:accounts_user_profile")
    form = owner_browser.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"language": "zh-hans"}
    answer = owner_browser.post(url, typed, follow=True)
    assert_chinese(answer, 200, "个人资料已保存。", "简体中文", "English")
    assert owner_browser.cookies["django_language"].value == "zh-hans"


def test_names_that_the_service_gave_are_in_chinese(owner, owner_browser):
    """An inbox from before the change of language, and scopes."""
    inbox_of(owner, now=timezone.now())
    User.objects.update(language="zh-hans")
    lists = reverse("admin:todos_todolist_changelist")
    assert_chinese(owner_browser.get(lists), 200, "收件箱")
    assert "Inbox" not in text_of(owner_browser.get(lists))
    page = owner_browser.get(reverse("admin:accounts_apikey_add"))
    assert_chinese(page, 200, "待办 <code>todos</code>", 'aria-label="评论：读取"')
    url = reverse("admin:todos_todolist_change", args=[owner.inbox.pk])
    save(owner_browser, url, colour="#1c7ed6")
    owner.inbox.refresh_from_db()
    assert owner.inbox.name == "Inbox"
    save(owner_browser, url, name="篮子")
    assert_chinese(owner_browser.get(lists), 200, "篮子")


def test_the_event_log_and_the_people_are_in_chinese(administrator):
    User.objects.update(language="zh-hans")
    browser = browser_for(administrator)
    events = browser.get(reverse("admin:core_event_changelist"))
    assert_chinese(events, 200, "显示名称", "用户名", "、")
    people = browser.get(reverse("admin:accounts_user_changelist"))
    assert_chinese(people, 200, "管理员")
    assert_chinese(browser.get(reverse("api:docs")), 200, "首页")


def test_every_recorded_field_has_a_name_in_chinese():
    unnamed = []
    with translation.override("zh-hans"):
        for subject in registry.subjects.values():
            for name in subject.recorded - subject.technical_fields:
                event = Event(resource_type=subject.name)
                if field_label(event, name).isascii():
                    unnamed.append(f"{subject.name}.{name}")
    assert unnamed == []


def test_chinese_and_latin_text_is_separated():
    texts = re.findall('^msgstr.* "(.*)"$', CATALOGUE.read_text(), re.MULTILINE)
    glued = [text for text in texts if space_scripts(text) != text]
    assert [text for text in glued if "n月j日" not in text] == []  # formats of dates
    assert [text for text in texts if "增加" in text] == []


def refusal(answer: Any) -> tuple[str, dict[str, Any]]:
    """Return the message of a refusal, and the parts that programs read."""
    body = answer.json()
    errors = [(error["field"], error["code"]) for error in body["errors"]]
    kept = {name: body[name] for name in ("type", "title", "status", "code")}
    return body["detail"], kept | {"errors": errors}


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("get", "todos/nothing", "未找到。"),
        ("post", "todos", "输入无效。"),
        ("put", "todos", "方法"),
    ],
)
def test_the_api_refuses_in_chinese_with_the_same_code(owner_api, method, path, detail):
    send = getattr(owner_api, method)
    plain = send(f"/api/v1/{path}", {})
    chinese = send(f"/api/v1/{path}", {}, headers=CHINESE)
    assert (plain["Content-Language"], chinese["Content-Language"]) == ("en", "zh-hans")
    (english_words, same), (words, kept) = refusal(plain), refusal(chinese)
    assert detail in words
    assert words != english_words
    assert kept == same


def test_field_errors_are_in_chinese(owner_api):
    answer = owner_api.post("/api/v1/todos", {"content": "花", "x": 1}, headers=CHINESE)
    assert_problem(answer, 400, "invalid", "x")
    assert answer.json()["errors"][0]["detail"].startswith("未知的字段。可用的有：")
