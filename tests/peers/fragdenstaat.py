"""A real froide, the software that FragDenStaat runs, with its own models, serializers and API.

Its last package (5.0.0, of 2018) is older than the site. What is not in the package is left out: PDFs
are never drawn, and the site's search, which lists by authority, stands here in place of the package's,
which knows words only.

Commands: a JSON object a line on standard input, an answer a line on standard output.
  {"do":"ask","title":…,"description":…,"private":true}   -> {"id":…,"url":…,"user":…}
  {"do":"resolve","id":…,"resolution":"refused","summary":…}  -> {}
  {"do":"hide","id":…}                                    -> {}    not public any more
Ends with its standard input.
"""

import json
import os
import sys
import threading
import types

os.environ.update(
    DJANGO_SETTINGS_MODULE="froide_settings",
    DJANGO_CONFIGURATION="Settings",
    DATABASE_URL="spatialite:///" + os.path.join(sys.argv[1], "froide.db"),
)
import configurations  # noqa: E402

configurations.setup()

import froide_settings  # noqa: E402
from django.conf.urls import include, url  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from froide.foirequest import api_views as requests  # noqa: E402
from froide.foirequest.models import FoiRequest  # noqa: E402
from froide.publicbody import api_views as bodies  # noqa: E402
from rest_framework.routers import DefaultRouter  # noqa: E402
from wsgiref.simple_server import WSGIRequestHandler, make_server  # noqa: E402

# The factories that its own tests make requests with, without the tests beside them.
tests = types.ModuleType("froide.foirequest.tests")
tests.__path__ = [os.path.join(os.path.dirname(requests.__file__), "tests")]
sys.modules[tests.__name__] = tests
from froide.foirequest.tests import factories  # noqa: E402


class Requests(requests.FoiRequestViewSet):
    def get_searchqueryset(self, request):
        order = {"-last": "-last_message"}[request.GET["sort"]]
        found = self.get_queryset().filter(public_body__slug=request.GET["publicbody"])
        return found.order_by(order)


router = DefaultRouter()
for name, view in [
    ("request", Requests),
    ("message", requests.FoiMessageViewSet),
    ("attachment", requests.FoiAttachmentViewSet),
    ("publicbody", bodies.PublicBodyViewSet),
    ("category", bodies.CategoryViewSet),
    ("classification", bodies.ClassificationViewSet),
    ("jurisdiction", bodies.JurisdictionViewSet),
    ("law", bodies.FoiLawViewSet),
]:
    router.register(name, view, base_name=name)
froide_settings.urlpatterns += [
    url(r"^api/v1/", include((router.urls, "api"))),
    url(r"^", include("froide.foirequest.urls")),
    url(r"^", include("froide.publicbody.urls")),
    url(r"^account/", include("froide.account.urls")),
    # Pages that answers link to and that nobody asks for here.
    url(r"^behoerde/(?P<slug>[-\w]+)/$", router.get_api_root_view(), name="publicbody-show"),
    url(r"^(?P<slug>[-\w]+)/$", router.get_api_root_view(), name="publicbody-show_jurisdiction"),
]

print_to, sys.stdout = sys.stdout, sys.stderr
call_command("migrate", run_syncdb=True, verbosity=0)
body = factories.PublicBodyFactory.create(name="Amt für Muster", slug="amt-fuer-muster", site=None)


def ask(message):
    user = factories.UserFactory.create(private=message.get("private", False))
    made = factories.FoiRequestFactory.create(
        title=message["title"],
        description=message["description"],
        user=user,
        public_body=body,
        law=None,
        site_id=1,
        summary="",
        visibility=FoiRequest.VISIBLE_TO_PUBLIC,
    )
    return {"id": made.pk, "url": made.get_absolute_url(), "user": user.pk}


def resolve(message):
    made = FoiRequest.objects.get(pk=message["id"])
    made.status, made.resolution, made.summary = "resolved", message["resolution"], message["summary"]
    made.save()
    return {}


def hide(message):
    FoiRequest.objects.filter(pk=message["id"]).update(visibility=FoiRequest.VISIBLE_TO_REQUESTER)
    return {}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()


def answer(value):
    print(json.dumps(value), file=print_to, flush=True)


answer({"url": "http://127.0.0.1:%d" % server.server_port})
for line in sys.stdin:
    try:
        message = json.loads(line)
        answer({"ask": ask, "resolve": resolve, "hide": hide}[message["do"]](message))
    except Exception as error:  # noqa: BLE001
        answer({"error": repr(error)})
connection.close()
