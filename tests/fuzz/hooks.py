"""Signs in for Schemathesis, limits the characters of the texts that it makes up, and counts the answers."""

import atexit
import codecs
import collections
import json
import os
import urllib.request

import schemathesis

SHOP = os.environ["FUZZ_SHOP"]

JOINERS = {0x200C, 0x200D, 0xFE0F}


def undocumented(code):
    """What texts may not have and patterns leave out: see packages/chassis/contract/text.ts."""
    is_noncharacter = code & 0xFFFE == 0xFFFE
    is_invisible = 0x1BCA0 <= code <= 0x1BCA3 or 0x1D173 <= code <= 0x1D17A
    return code in JOINERS or code >= 0xE0000 or is_noncharacter or is_invisible


def encode(text, errors="strict"):
    for position, character in enumerate(text):
        if undocumented(ord(character)):
            raise UnicodeEncodeError("documented", text, position, position + 1, "undocumented")
    return codecs.utf_8_encode(text, errors)


codecs.register(
    lambda name: codecs.CodecInfo(encode, codecs.utf_8_decode, name=name)
    if name == "documented"
    else None
)

if os.environ.get("FUZZ_EMAIL"):

    @schemathesis.auth(refresh_interval=240)
    class SignedIn:
        """The access token of the account in FUZZ_EMAIL and FUZZ_PASSWORD; access tokens are short-lived."""

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


ANSWERS = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(context, case, response):
    ANSWERS[case.operation.label][str(response.status_code)] += 1


@atexit.register
def write_answers():
    with open(os.environ["FUZZ_ANSWERS"], "w") as file:
        json.dump(ANSWERS, file)
