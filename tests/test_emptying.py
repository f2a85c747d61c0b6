"""What a transactional test writes is gone before the next one, whatever refuses to delete it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection

from buildings.models import EmissionFactorSet
from buildings.services.factors import emission_factor_sets_seed
from predictions.models import PredictionRequest
from predictions.services.door import Question, prediction_create
from tests.emptying import Emptying
from tests.fakes import FakeServedModel
from tests.predictions.factories import call_of, facts, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def permissions() -> set[tuple[str, str]]:
    return set(Permission.objects.values_list("content_type__app_label", "codename"))


def test_guarded_tables_are_emptied_and_guarded_again(served: FakeServedModel) -> None:
    emptying = Emptying.of_migrated_database()
    assert PredictionRequest._meta.db_table in emptying.guarded
    assert emptying.tables.index("mlmodel_promotiondecision") < emptying.tables.index(
        "mlmodel_promotionproposal"  # a reference that does not wait for the commit
    )
    prediction_create(call=call_of(make_user()), questions=[Question(features=facts())])
    emptying.empty()
    assert not PredictionRequest.objects.exists()
    assert not EmissionFactorSet.objects.exists()
    assert not User.objects.exists()

    emission_factor_sets_seed()
    for change in ("DELETE FROM {}", "TRUNCATE {} CASCADE"):
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="insert-only"):
            cursor.execute(change.format(EmissionFactorSet._meta.db_table))


def test_what_django_makes_is_made_anew_if_it_was_changed() -> None:
    emptying = Emptying.of_migrated_database()
    before, kept = permissions(), set(Permission.objects.values_list("pk", flat=True))
    emptying.empty()
    assert set(Permission.objects.values_list("pk", flat=True)) == kept

    ContentType.objects.get(app_label="auth", model="user").permission_set.all().delete()
    Permission.objects.filter(codename="view_group").update(codename="see_group")
    emptying.empty()
    assert permissions() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
        assert cursor.fetchone() != (0,)
