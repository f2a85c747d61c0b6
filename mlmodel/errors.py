"""What can go wrong with a model, as plain exceptions; HTTP statuses are decided elsewhere."""


class ModelError(Exception):
    """Base of everything this layer raises on purpose."""


class ModelUnavailableError(ModelError):
    """No version is the champion, or its files cannot be had."""


class ArtifactIntegrityError(ModelError):
    """An artifact's files are not the ones that were registered."""


class SignatureMismatchError(ModelError):
    """An artifact was trained for another list of features than this code's."""


class IncompleteFactsError(ModelError):
    """A building's stored facts lack what the model cannot do without."""


class PromotionRefusedError(ModelError):
    """An alias does not move: the comparison speaks against it, or there is nothing to move it
    to."""


class PromotionConflictError(ModelError):
    """The champion is another than the one that the decision was about."""


class TrainingDataError(ModelError):
    """There are not enough rows to train on."""


class ShippedModelDiffersError(ModelError):
    """What was evaluated is not the version that ships."""
