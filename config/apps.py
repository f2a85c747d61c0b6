from django.apps import AppConfig
from django.core import checks


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.checks import check_databases
        from config.labels import translate_labels
        from config.telemetry import telemetry_start

        checks.register(check_databases)
        translate_labels()
        telemetry_start()
