from django.apps import AppConfig


class MLModelConfig(AppConfig):
    name = "mlmodel"
    verbose_name = "Model"
