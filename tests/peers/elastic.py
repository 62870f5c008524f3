"""Searches a running house with the official Elasticsearch client: python elastic.py URL DAYS PEOPLE."""

import sys

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

url, days, people = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
total = days * (people + 2) + 4
client = Elasticsearch(url)
held = 0


def check(found, expected):
    global held
    assert found == expected, f"{found!r}, expected {expected!r}"
    held += 1


check(client.info()["version"]["number"], "8.17.0")
check(client.ping(), True)
check(client.cluster.health()["status"], "green")
check(client.count(index="mentions")["count"], total)
check(client.count(index="mentions", query={"term": {"kind": "reply"}})["count"], 4)

found = client.search(
    index="mentions",
    query={"bool": {"filter": [{"term": {"kind": "post"}}, {"match_phrase": {"text": "Tag 3"}}]}},
    sort=[{"@timestamp": "asc"}],
    size=100,
    source=["text", "@timestamp"],
)
check(found["hits"]["total"]["value"], people)
check(len(found["hits"]["hits"]), people)
check(sorted(found["hits"]["hits"][0]["_source"]), ["@timestamp", "text"])
check(client.search(q="site:tagblatt.example", size=1)["hits"]["total"]["value"], days)

counted = client.search(
    index="mentions",
    size=0,
    aggs={
        "days": {
            "date_histogram": {"field": "published", "calendar_interval": "day"},
            "aggs": {"kinds": {"terms": {"field": "kind"}}, "slow": {"max": {"field": "delay_secs"}}},
        },
        "sites": {"cardinality": {"field": "site"}},
        "delay": {"percentiles": {"field": "delay_secs"}},
        "newest": {"max": {"field": "@timestamp"}},
        "latest": {"terms": {"field": "kind"}, "aggs": {"hit": {"top_hits": {"size": 1}}}},
    },
)["aggregations"]
check(len(counted["days"]["buckets"]), days)
check(sum(day["doc_count"] for day in counted["days"]["buckets"]), total)
check({kind["key"] for day in counted["days"]["buckets"] for kind in day["kinds"]["buckets"]}, {"post", "article"})
check(counted["sites"]["value"], 2)
check(counted["newest"]["value_as_string"].endswith("Z"), True)
check([kind["hit"]["hits"]["hits"][0]["_source"]["kind"] for kind in counted["latest"]["buckets"]], ["post", "article"])

many = client.msearch(searches=[{"index": "mentions"}, {"size": 0}, {}, {"size": 0, "query": {"term": {"lang": "de"}}}])
check([one["hits"]["total"]["value"] for one in many["responses"]], [total, total])
check(client.field_caps(index="mentions", fields="kind")["fields"]["kind"]["keyword"]["aggregatable"], True)
check("text" in client.indices.get_mapping(index="mentions")["mentions"]["mappings"]["properties"], True)

for call, error in [
    (lambda: client.search(index="mentions", query={"fuzzy": {"text": "x"}}), BadRequestError),
    (lambda: client.search(index="other"), NotFoundError),
]:
    try:
        call()
    except error as refused:
        check(bool(refused.body["error"]["reason"]), True)
    else:
        raise AssertionError("was not refused")

# Page by page with search_after, as helpers for deep paging do.
seen, after = [], None
while True:
    page = client.search(index="mentions", size=9, sort=[{"@timestamp": "desc"}, "_doc"], search_after=after)
    if not page["hits"]["hits"]:
        break
    seen += [hit["_id"] for hit in page["hits"]["hits"]]
    after = page["hits"]["hits"][-1]["sort"]
check(len(seen), total)
check(len(set(seen)), total)

print(f"{held} checks held")
