"""Signs in for schemathesis, again every few minutes: access tokens are short-lived."""

import json
import os
import urllib.request

import schemathesis

SHOP = os.environ["FUZZ_SHOP"]


if os.environ.get("FUZZ_EMAIL"):

    @schemathesis.auth(refresh_interval=240)
    class SignedIn:
        """The access token of the account in FUZZ_EMAIL and FUZZ_PASSWORD."""

        def get(self, case, context):
            login = {"email": os.environ["FUZZ_EMAIL"], "password": os.environ["FUZZ_PASSWORD"]}
            request = urllib.request.Request(
                f"{SHOP}/sessions",
                data=json.dumps(login).encode(),
                headers={"content-type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["accessToken"]

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
