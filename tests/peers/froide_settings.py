"""Settings of the froide that fragdenstaat.py runs: SpatiaLite, and nothing that draws PDFs."""

import importlib.abc
import importlib.machinery
import sys
from unittest.mock import MagicMock


class Papers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for what draws and reads PDFs and pictures."""

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("wand", "reportlab", "PyPDF2", "magic"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Papers())
# An SQLite that takes extensions: SpatiaLite is one.
sys.modules["sqlite3"] = __import__("pysqlite3")
sys.modules["sqlite3.dbapi2"] = sys.modules["sqlite3"].dbapi2

from froide.settings import Test  # noqa: E402

urlpatterns = []


class Settings(Test):
    DEBUG = False
    LOGGING_CONFIG = None
    ALLOWED_HOSTS = ["*"]
    ROOT_URLCONF = "froide_settings"
    SPATIALITE_LIBRARY_PATH = "mod_spatialite"
    HAYSTACK_CONNECTIONS = {
        "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
    }
    HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"

    INSTALLED_APPS = [app for app in Test.INSTALLED_APPS.default if app != "overextends"]
    MIGRATION_MODULES = dict.fromkeys(app.rsplit(".", 1)[-1] for app in INSTALLED_APPS)
