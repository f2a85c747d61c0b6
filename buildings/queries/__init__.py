"""Ready questions to the dataset: each as SQL and by the ORM, tested to give the same answer.

`manage.py query_dataset` runs them; docs/how-to/query.md is made from them.
"""

from typing import Final

from buildings.queries import groups, properties, provenance, years
from buildings.queries.definition import Parameter, Query

QUERIES: Final[dict[str, Query]] = {
    query.name: query
    for query in (*years.QUERIES, *groups.QUERIES, *properties.QUERIES, *provenance.QUERIES)
}

__all__ = ["QUERIES", "Parameter", "Query"]
