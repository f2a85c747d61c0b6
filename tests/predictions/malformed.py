"""Bodies and headers that no caller should send, by name. Where a value of theirs could be repeated
in the answer, it holds CANARY."""

import gzip
import json
from typing import Final

from mlmodel.features import FEATURES
from tests.predictions.batches.bodies import csv_of, parquet_of, rows_of
from tests.predictions.factories import facts

#: Stands in values; a refusal may name members, and repeats nothing else.
CANARY: Final = "zqxj7"

#: What no member takes, as JSON text: of the wrong kind, out of every bound, or no JSON at all.
VALUES: Final = {
    "an empty text": '""',
    "a text": f'"{CANARY}"',
    "a long text": f'"{CANARY * 2_000}"',
    "a number in quotes": '"88434"',
    "true in quotes": '"true"',
    "a null byte": f'"{CANARY}\\u0000"',
    "a lone surrogate": f'"{CANARY}\\ud800"',
    "surrogates in the wrong order": f'"{CANARY}\\udc00\\ud800"',
    "markup": f'"<script>{CANARY}</script>"',
    "SQL": f'"\'; DROP TABLE {CANARY}; --"',
    "a format": f'"%s%n%(x)s{{0}}{CANARY}"',
    "bidi controls": f'"\\u202e{CANARY}\\u2066"',
    "a combining pile": '"' + "e" + "\u0301" * 500 + f'{CANARY}"',
    "a path": f'"../../../../etc/{CANARY}"',
    "a template": f'"${{jndi:ldap://{CANARY}}}"',
    "an empty list": "[]",
    "a list": f'["{CANARY}"]',
    "a list of one number": "[88434]",
    "an empty object": "{}",
    "an object": f'{{"{CANARY}": 1}}',
    "an object that repeats": '{"a": 1, "a": 2}',
    "minus one": "-1",
    "minus zero point": "-0.",
    "a huge number": "1e308",
    "more than a float holds": "1e309",
    "less than a float holds": "-1e309",
    "three hundred digits": "9" * 300,
    "five thousand digits": "9" * 5_000,
    "a deep fraction": "1." + "0" * 5_000 + "1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "nan": "nan",
    "a hexadecimal number": "0x10",
    "an octal number": "010",
    "a plus sign": "+1",
    "an underscore": "1_000",
    "a thousands separator": "88,434",
    "a point first": ".5",
    "a point last": "5.",
    "an exponent without digits": "1e",
    "digits of another script": "\u0661\u0662",
    "True": "True",
    "undefined": "undefined",
    "a word": CANARY,
    "single quotes": f"'{CANARY}'",
    "an open text": f'"{CANARY}',
    "an escape that is none": f'"\\x41{CANARY}"',
    "half an escape": f'"{CANARY}\\u00"',
    "a raw line break": f'"{CANARY}\n"',
    "a raw tab": f'"{CANARY}\t"',
    "a raw null byte": f'"{CANARY}\x00"',
    "nothing": "",
    "a comment": f"1 /* {CANARY} */",
    "a line comment": f"1 // {CANARY}\n",
    "nine levels": "[" * 9 + "]" * 9,
    "a hundred thousand levels": "[" * 100_000,
    "as many objects": '{"a":' * 30_000,
}

#: What is no body of this API, whatever it is sent to.
BODIES: Final = {
    "white space": b" \r\n\t ",
    "a null byte": b"\x00",
    "a form feed": b"\x0c{}",
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-16 without a mark": "{}".encode("utf-16-le"),
    "UTF-32": "{}".encode("utf-32"),
    "UTF-7": b"+AHs-+AH0-",
    "Latin-1": f'{{"{CANARY}": "\xe9"}}'.encode("latin-1"),
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "beyond Unicode": b'{"a": "\xf4\x90\x80\x80"}',
    "half a character": b'{"a": "\xe2\x82',
    "gzip": gzip.compress(b"{}", mtime=0),
    "an image": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a form": f"primary_property_type={CANARY}&year_built=1927".encode(),
    "XML": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "{CANARY}">]><a>&b;</a>'.encode(),
    "YAML": f"primary_property_type: {CANARY}\n".encode(),
    "a multipart form": f'--x\r\nContent-Disposition: form-data; name="{CANARY}"\r\n\r\n'.encode(),
    "a list": b"[]",
    "a list of an object": b"[{}]",
    "null": b"null",
    "true": b"true",
    "a number": b"12",
    "a text": f'"{CANARY}"'.encode(),
    "NaN": b"NaN",
    "two objects": b"{}{}",
    "two lines of objects": b"{}\n{}\n",
    "a comma behind": b"{},",
    "only a brace": b"{",
    "only the other brace": b"}",
    "a comma alone": b"{,}",
    "a colon alone": b"{:}",
    "a name alone": b'{"a"}',
    "a name without quotes": b"{a: 1}",
    "a name of null": b"{null: 1}",
    "a number for a name": b"{1: 1}",
    "a comma too many": b'{"a": 1,}',
    "two commas": b'{"a": 1,, "b": 2}',
    "two colons": b'{"a":: 1}',
    "no comma": b'{"a": 1 "b": 2}',
    "a bracket for a brace": b'{"a": 1]',
    "an empty name": f'{{"": "{CANARY}"}}'.encode(),
    "a name of a slash and a tilde": f'{{"a/b~c": "{CANARY}"}}'.encode(),
    "a name of a null byte": b'{"\\u0000": 1}',
    "a name of a lone surrogate": b'{"\\ud800": 1}',
    "a long name": b'{"' + b"a" * 20_000 + b'": 1}',
    "a name of the class": b'{"__proto__": {"a": 1}, "constructor": 1, "__class__": 1}',
    "ten thousand names": json.dumps({f"a{at}": 1 for at in range(10_000)}).encode(),
    "a name twice": b'{"a": 1, "a": 1}',
    "a name twice, once escaped": b'{"a": 1, "\\u0061": 1}',
    "nine levels": b'{"a":' * 9 + b"1" + b"}" * 9,
    "a hundred thousand levels": b"[" * 100_000,
    "more than is read": b'{"a": "' + b"x" * 17_000_000 + b'"}',
    "brackets in a text that does not end": b'{"' + b"[" * 50_000,
}

_HEADER: Final = b"primary_property_type,gross_floor_area_sqft,year_built\n"

#: What is no CSV of a batch.
TABLES: Final = {
    "a header alone": _HEADER,
    "line breaks alone": b"\r\n\r\n",
    "a mark alone": b"\xef\xbb\xbf",
    "an empty column": b",,\n1,2,3\n",
    "an unknown column": f"{CANARY},gross_floor_area_sqft\n1,2\n".encode(),
    "a column twice": _HEADER.replace(b"year_built", b"gross_floor_area_sqft") + b"Hotel,1,2\n",
    "no required column": b"number_of_floors\n1\n",
    "too many columns": b",".join(b"a%d" % at for at in range(5_000)) + b"\n",
    "a cell too many": _HEADER + f"Hotel,88434,1927,{CANARY}\n".encode(),
    "a cell too few": _HEADER + b"Hotel,88434\n",
    "an open quote": _HEADER + f'"Hotel,88434,{CANARY}\n'.encode(),
    "a quote within": _HEADER + f'Ho"{CANARY}"tel,88434,1927\n'.encode(),
    "a null byte": _HEADER + b"Hotel\x00,88434,1927\n",
    "a null byte in the header": b"year\x00built\n1927\n",
    "no UTF-8": _HEADER + b"H\xf4tel,88434,1927\n",
    "UTF-16": (_HEADER + b"Hotel,88434,1927\n").decode().encode("utf-16"),
    "words for numbers": _HEADER + f"Hotel,{CANARY},1927\n".encode(),
    "an unknown word": _HEADER + f"{CANARY},88434,1927\n".encode(),
    "a formula": _HEADER + f'"=HYPERLINK(""{CANARY}"")",88434,1927\n'.encode(),
    "NaN": _HEADER + b"Hotel,NaN,1927\n",
    "Infinity": _HEADER + b"Hotel,inf,1927\n",
    "out of range": _HEADER + b"Hotel,88434,999999999999\n",
    "a hundred digits": _HEADER + b"Hotel," + b"9" * 100 + b",1927\n",
    "five thousand digits": _HEADER + b"Hotel," + b"9" * 5_000 + b",1927\n",
    "a fraction of a year": _HEADER + b"Hotel,88434,1927.5\n",
    "an underscore": _HEADER + b"Hotel,88_434,1927\n",
    "digits of another script": _HEADER + "Hotel,\u0661\u0662,1927\n".encode(),
    "a hexadecimal number": _HEADER + b"Hotel,0x15972,1927\n",
    "a cell that is missing though required": _HEADER + b"Hotel,,1927\n",
    "a cell of a megabyte": _HEADER + CANARY.encode() * 200_000 + b",1,2\n",
    "JSON": json.dumps({"rows": rows_of(1)}).encode(),
    "a page": f"<!DOCTYPE html><p>{CANARY}</p>".encode(),
    "one row too many": csv_of(rows_of(10_001)),
}

_PARQUET: Final = parquet_of({"year_built": [1927]})

#: What is no Parquet of a batch.
COLUMNS: Final = {
    "nothing": b"",
    "both marks": b"PAR1PAR1",
    "no end": _PARQUET[:-1],
    "no beginning": _PARQUET[1:],
    "half": _PARQUET[: len(_PARQUET) // 2],
    "no footer": b"PAR1" + b"\x00" * 100 + b"PAR1",
    "a footer longer than the file": b"PAR1" + b"\xff\xff\xff\x7f" + b"PAR1",
    "a footer of rubbish": _PARQUET[:-40] + b"\xff" * 32 + _PARQUET[-8:],
    "no required column": _PARQUET,
    "CSV": _HEADER + b"Hotel,88434,1927\n",
    "JSON": b"{}",
}

#: Headers that a good body comes with, and the statuses they deserve.
HEADERS: Final[dict[str, tuple[dict[str, str], int]]] = {
    **{
        f"Content-Type: {name[:40]!r}": ({"Content-Type": name}, 415)
        for name in (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "application",
            "/",
            "json",
            "application/jsonx",
            "application/json/json",
            "application/vnd.api+json",
            f"text/{CANARY}",
            CANARY * 1_000,
            "\u00e9",
        )
    },
    **{
        f"Accept: {name[:40]!r}": ({"Accept": name}, 406)
        for name in (
            "text/html",
            "application/xml",
            "image/*",
            "application/jsonx",
            f"text/{CANARY}",
            "text/html, image/png;q=0.9",
            CANARY * 1_000,
        )
    },
    **{
        f"Idempotency-Key: {name[:40]!r}": ({"Idempotency-Key": name}, 400)
        for name in ("", "\u00e9", f"{CANARY}\t", "a" * 256, f"{CANARY}\x7f", "\x00")
    },
    **{
        f"Authorization: {name[:40]!r}": ({"Authorization": name}, 401)
        for name in (
            "",
            "Bearer",
            "Bearer ",
            "Bearer  x",
            "bearer",
            f"Bearer {CANARY}",
            f"Bearer {CANARY} {CANARY}",
            "Bearer " + "0" * 64,
            "Bearer " + "a" * 10_000,
            "Bearer \u00e9",
            "Bearer \x00",
            f"Basic {CANARY}",
            f"Token {CANARY}",
            "Negotiate",
        )
    },
    "Host: another": ({"Host": f"{CANARY}.example"}, 400),
    "Host: two": ({"Host": "localhost, example.org"}, 400),
    "Host: an injection": ({"Host": "localhost/..%0d%0a"}, 400),
    "Host: a port that is none": ({"Host": "localhost:http"}, 400),
    "Transfer-Encoding without a length": ({"Transfer-Encoding": "chunked"}, 411),
}


def _rows() -> dict[str, bytes]:
    kinds = {feature.kind: feature for feature in FEATURES}
    kinds |= {feature.kind: feature for feature in FEATURES if feature.is_required}
    found = {}
    for kind, feature in kinds.items():
        body = json.dumps(facts(**{feature.name: "@"}))
        for name, value in VALUES.items():
            found[f"{kind}: {name}"] = body.replace('"@"', value).encode()
    good = json.dumps(facts()).encode()
    return found | {f"cut at {length}": good[:length] for length in range(1, len(good), 3)}


#: Every one of VALUES in the place of a feature of each kind, and a good row cut short.
ROWS: Final = _rows()
