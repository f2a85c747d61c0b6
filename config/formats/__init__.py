"""How each language writes dates and times (Django's FORMAT_MODULE_PATH): what is on the record is
read to the second, with its zone. All else is Django's."""
