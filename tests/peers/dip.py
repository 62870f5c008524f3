"""What another's client of the Bundestag's DIP (de-dip-bundestag) makes of an answer.

Its models are generated from the official description and refuse what that does not allow. Argument:
`drucksache` or `vorgang`. Standard input: an answer a line. Standard output, a line each: the documents
as JSON, or {"refused": why}.
"""

import json
import sys
from types import SimpleNamespace

from deutschland.dip_bundestag import ApiClient
from deutschland.dip_bundestag.exceptions import OpenApiException
from deutschland.dip_bundestag.model.drucksache_list_response import DrucksacheListResponse
from deutschland.dip_bundestag.model.vorgang_list_response import VorgangListResponse

MODELS = {"drucksache": DrucksacheListResponse, "vorgang": VorgangListResponse}

client = ApiClient()
for line in sys.stdin:
    try:
        answer = client.deserialize(SimpleNamespace(data=line), (MODELS[sys.argv[1]],), True)
        told = [
            {"id": one.id, "title": one.titel, "date": str(one.datum) if "datum" in one else None}
            for one in answer.documents
        ]
        print(json.dumps(told))
    except OpenApiException as error:
        print(json.dumps({"refused": str(error).splitlines()[0]}))
