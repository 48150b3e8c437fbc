from django.db import migrations, models

from core.db.migrations_online import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('todos', '0010_people_of_attachments'),
    ]

    operations = [
        BuildIndex(
            'attachment',
            models.Index(condition=models.Q(('comment__isnull', False)), fields=['comment'], name='attachment_of_comment'),
        ),
    ]
