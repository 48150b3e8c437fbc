"""Collect these tests only if the app is installed: see tests/core/test_apps.py."""

from __future__ import annotations

from django.apps import apps

collect_ignore_glob = [] if apps.is_installed("tests.sample_app") else ["*"]
