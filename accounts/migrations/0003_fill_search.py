from django.db import migrations

from core.db.migrations_online import Refold


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0002_search_words")]

    operations = [Refold("user")]
