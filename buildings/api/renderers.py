"""Lists of buildings as GeoJSON (RFC 7946) and CSV (RFC 4180). Errors stay problem documents."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.renderers import JSONRenderer

#: What a spreadsheet takes for the beginning of a formula, and what it skips before one.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


class _PageRenderer(JSONRenderer):
    """Renders a page of a list; anything else, as an error, is JSON."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is None or response.exception:
            return super().render(data)
        return self.render_page(data, response)

    def render_page(self, page: Any, response: Any) -> bytes:
        raise NotImplementedError


class GeoJSONRenderer(_PageRenderer):
    """A FeatureCollection; `next` and `previous` are foreign members."""

    media_type = "application/geo+json"
    format = "geojson"

    def render_page(self, page: Any, response: Any) -> bytes:
        collection = {
            "type": "FeatureCollection",
            "next": page["next"],
            "previous": page["previous"],
            "features": [_feature(row) for row in page["results"]],
        }
        return JSONRenderer.render(self, collection)


def _feature(row: Mapping[str, Any]) -> dict[str, Any]:
    position = [row["longitude"], row["latitude"]]
    return {
        "type": "Feature",
        "id": row["ose_building_id"],
        "geometry": None if None in position else {"type": "Point", "coordinates": position},
        "properties": row,
    }


class CSVRenderer(_PageRenderer):
    """A header line and a line a building; links to other pages are in the header `Link`."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"
    #: A line costs less than an object, and a download wants many.
    max_page_size = 2_000

    def render_page(self, page: Any, response: Any) -> bytes:
        rows = page["results"]
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        # Named by the serializer: an empty page has its header all the same.
        writer.writerow(rows.serializer.child.fields)
        writer.writerows(map(csv_cell, row.values()) for row in rows)
        response["Content-Disposition"] = 'attachment; filename="buildings.csv"'
        return text.getvalue().encode()


def csv_cell(value: Any) -> Any:
    """A text that a spreadsheet would run is made plain text by an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
