"""The shipped version is what training on the city's file of 2016 makes, if that file is here."""

import os
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from threadpoolctl import threadpool_limits

from buildings.services.datasets import dataset_import
from mlmodel import registry
from mlmodel.artifact import load_estimator
from mlmodel.evaluation import Protocol, evaluate
from mlmodel.evaluation.baseline import baseline_path, baseline_read, regressions
from mlmodel.selectors import training_data
from mlmodel.training import train

REAL_DATA = Path(os.environ.get("REAL_DATA_DIR", settings.PROJECT_DIR.parent / "shared" / "data"))
REAL_FILE = REAL_DATA / "seattle" / "2016.csv"


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.skipif(not REAL_FILE.is_file(), reason="the city's 2016 file is not here")
def test_training_again_gives_the_shipped_predictions_bit_for_bit() -> None:
    dataset_import(path=REAL_FILE, source="test", is_synthetic=False)
    data, fingerprint = training_data()
    manifest = registry.shipped_manifest()
    assert fingerprint == manifest["data_fingerprint"]
    with threadpool_limits(limits=1):
        again = train(data).predict(data.rows)
        shipped = load_estimator(registry.SHIPPED_DIR / "model", manifest["file_digests"])
        if np.array_equal(again, shipped.predict(data.rows)):
            return  # and so it is as good as was measured of it, which test_gate compares
    found = evaluate(data, protocol=Protocol.quick())
    worse = regressions(found, baseline_read(baseline_path(is_synthetic=False)))
    pytest.fail(f"Training makes another model than the one that ships. What is worse: {worse}")
