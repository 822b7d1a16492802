from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("schemes", "0004_first_photo")]
    operations = [migrations.RemoveField(model_name="post", name="photo")]
