"""Whether another's library for OAuth 1.0a (oauthlib) takes a request's signature.

Standard input: JSON with the request and the secrets of both sides. Standard output: valid, or invalid.
"""

import json
import sys

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

asked = json.load(sys.stdin)


class Validator(RequestValidator):
    """Knows one app and one token; every nonce is new."""

    enforce_ssl = False
    dummy_client = "nobody"
    dummy_access_token = "nobody"

    def check_client_key(self, client_key):
        return True

    def check_nonce(self, nonce):
        return True

    def check_access_token(self, request_token):
        return True

    def validate_realms(self, *_, **__):
        return True

    def validate_client_key(self, client_key, request):
        return client_key == asked["app"]

    def validate_timestamp_and_nonce(self, *_, **__):
        return True

    def validate_access_token(self, client_key, token, request):
        return token == asked["token"]

    def get_client_secret(self, client_key, request):
        return asked["app_secret"]

    def get_access_token_secret(self, client_key, token, request):
        return asked["token_secret"]


endpoint = ResourceEndpoint(Validator())
valid, _ = endpoint.validate_protected_resource_request(
    asked["url"], asked["method"], None, {"Authorization": asked["authorization"]}
)
print("valid" if valid else "invalid")
