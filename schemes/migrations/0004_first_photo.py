from django.db import migrations


def one_photo_becomes_the_first(apps, schema_editor):
    Post = apps.get_model("schemes", "Post")
    PostPhoto = apps.get_model("schemes", "PostPhoto")
    with_photo = Post.objects.exclude(photo=None).values_list("pk", "photo")
    PostPhoto.objects.bulk_create(
        PostPhoto(post_id=post, media_id=photo, position=0) for post, photo in with_photo
    )


class Migration(migrations.Migration):
    """Apart from what changes the tables: PostgreSQL does not alter one with waiting triggers."""

    dependencies = [("schemes", "0003_photos_and_corrections")]
    operations = [
        migrations.RunPython(one_photo_becomes_the_first, migrations.RunPython.noop),
    ]
