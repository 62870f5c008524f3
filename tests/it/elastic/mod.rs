//! The Elasticsearch dialect of a running house: what Grafana sends, what the official client asks,
//! what is refused, and what is held back.

mod caps;
mod cases;
mod client;
mod dashboard;
mod grafana;
mod hostile;
mod limits;

use crate::cli::daemon::Daemon;
use crate::cli::{SILENT, run, written};
use crate::http::{Answer, ask};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;

/// Days back from today on which something was said.
pub const DAYS: i64 = 8;
/// Private people who speak on each of them.
pub const PEOPLE: i64 = 6;

/// A house with an archive, running. On each day six people speak of border controls and two
/// newspapers write of them; on one day two people speak of commuters, one of them three times.
pub struct House {
    pub address: SocketAddr,
    /// Midnight (UTC) that ends the last day.
    pub end: Timestamp,
    daemon: Daemon,
    data: PathBuf,
    _dir: TempDir,
}

impl House {
    pub fn start() -> Self {
        Self::with("")
    }

    /// One with further settings.
    pub fn with(further: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data").to_str().unwrap().to_owned();
        let now = Clock::system().now();
        let end = now.to_string()[..10].to_owned() + "T00:00:00Z";
        let end: Timestamp = end.parse().unwrap();
        let lines: String = items(end).iter().map(|item| format!("{item}\n")).collect();
        let import = written(&dir, "import.ndjson", &lines);
        let told = run(&["replay", &import, "--dir", &data]);
        assert_eq!(told.code, 0, "{told:?}");
        let settings = format!("{SILENT}[serve]\nlisten = '127.0.0.1:0'\n{further}");
        let config = written(&dir, "house.toml", &settings);
        let mut daemon = Daemon::start(&["run", "--config", &config, "--dir", &data]);
        Self {
            address: daemon.address(),
            end,
            data: dir.path().join("data"),
            daemon,
            _dir: dir,
        }
    }

    /// The data directory.
    pub fn data(&self) -> &str {
        self.data.to_str().unwrap()
    }

    pub fn first_ms(&self) -> i64 {
        day(self.end, DAYS).as_millisecond()
    }

    pub async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("host", "127.0.0.1"), ("content-type", "application/json")];
        ask(self.address, method, path, &headers, body).await
    }

    pub fn stop(&mut self) {
        self.daemon.signal("TERM");
        assert_eq!(self.daemon.end(), Some(0), "{:?}", self.daemon.seen);
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        self.daemon.seen.join("\n")
    }

    pub async fn search(&self, body: Value) -> Value {
        let answer = self
            .ask("POST", "/es/mentions/_search", &body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        answer.json()
    }
}

/// Midnight that began so many days before the end.
pub fn day(end: Timestamp, back: i64) -> Timestamp {
    end.checked_sub((back * 24).hours()).unwrap()
}

fn items(end: Timestamp) -> Vec<Value> {
    let mut items = Vec::new();
    for back in 1..=DAYS {
        let at = |minutes: i64| day(end, back).checked_add(minutes.minutes()).unwrap();
        for person in 0..PEOPLE {
            items.push(json!({
                "source": "bluesky", "id": format!("at://did:plc:p{person}/app.bsky.feed.post/{back}"),
                "kind": "post", "published": at(600 + person),
                "text": format!("Die Grenzkontrollen sind für Pendler eine Zumutung, Tag {back}."),
                "lang": "de", "author": { "id": format!("did:plc:p{person}") },
            }));
        }
        for paper in ["anzeiger.example", "tagblatt.example"] {
            let url = format!("https://{paper}/{back}");
            items.push(json!({
                "source": "web", "id": url, "kind": "article", "published": at(300),
                "title": "Bundesinnenministerium verlängert Grenzkontrollen",
                "text": "Das Bundesinnenministerium hat die Grenzkontrollen verlängert.",
                "lang": "de", "site": paper, "url": url,
            }));
        }
    }
    for (number, person) in [0, 0, 0, 1].into_iter().enumerate() {
        let at = day(end, 2).checked_add(1_200.minutes()).unwrap();
        items.push(json!({
            "source": "bluesky", "id": format!("at://did:plc:p{person}/app.bsky.feed.post/stau{number}"),
            "kind": "reply", "published": at, "text": "Grenzkontrollen: schon wieder Stau in Kiefersfelden",
            "lang": "de", "author": { "id": format!("did:plc:p{person}") },
        }));
    }
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_find_sort_page_and_show_as_elasticsearch_does() {
    let house = House::start();
    let all = house.search(json!({ "size": 3 })).await;
    let total = DAYS * (PEOPLE + 2) + 4;
    assert_eq!(
        all["hits"]["total"],
        json!({ "value": total, "relation": "eq" })
    );
    let first = &all["hits"]["hits"][0];
    assert_eq!(first["_index"], "mentions");
    assert_eq!(
        first["_source"]["text"],
        "Die Grenzkontrollen sind für Pendler eine Zumutung, Tag 1."
    );
    assert_eq!(first["_source"]["kind"], "post");
    assert!(
        first["_source"]["watch"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
    let shown = first.to_string();
    assert!(
        !shown.contains("did:plc"),
        "who spoke is not shown: {shown}"
    );

    // Every mention once, page by page, either way.
    for order in ["asc", "desc"] {
        let mut ids = Vec::new();
        let mut after = Value::Null;
        loop {
            let body = json!({
                "size": 7, "sort": [{ "@timestamp": order }], "search_after": after,
                "_source": ["source", "@time*"],
            });
            let page = house.search(body).await;
            let hits = page["hits"]["hits"].as_array().unwrap();
            let Some(last) = hits.last() else { break };
            after = last["sort"].clone();
            ids.extend(hits.iter().map(|hit| hit["_id"].to_string()));
            assert_eq!(last["_source"].as_object().unwrap().len(), 2, "{last}");
        }
        assert_eq!(ids.len() as i64, total, "{order}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len() as i64, total, "{order}");
    }

    // One post and one report in many copies, and four replies that are too short to be copies.
    let collapsed = json!({ "size": 20, "collapse": { "field": "story" } });
    let collapsed = house.search(collapsed).await;
    assert_eq!(collapsed["hits"]["total"]["value"], total);
    let hits = collapsed["hits"]["hits"].as_array().unwrap();
    let stories: BTreeSet<i64> = hits
        .iter()
        .map(|hit| hit["fields"]["story"][0].as_i64().unwrap())
        .collect();
    assert_eq!((hits.len(), stories.len()), (6, 6), "{collapsed:#}");

    let count = async |query: Value| {
        let body = json!({ "query": query, "size": 0 });
        house.search(body).await["hits"]["total"]["value"].clone()
    };
    let text = |written: &str| json!({ "query_string": { "query": written } });
    let expected = [
        (json!({ "match_all": {} }), total),
        (json!({ "match_none": {} }), 0),
        (json!({ "term": { "kind": "reply" } }), 4),
        (
            json!({ "term": { "kind.keyword": { "value": "reply" } } }),
            4,
        ),
        (
            json!({ "terms": { "kind": ["reply", "article"] } }),
            4 + 2 * DAYS,
        ),
        (json!({ "exists": { "field": "site" } }), 2 * DAYS),
        (json!({ "prefix": { "site": "tag" } }), DAYS),
        (
            json!({ "wildcard": { "site": { "value": "*example" } } }),
            2 * DAYS,
        ),
        (
            json!({ "match": { "text": "Stau Zumutung" } }),
            4 + PEOPLE * DAYS,
        ),
        (
            json!({ "match": { "text": { "query": "Stau Zumutung", "operator": "and" } } }),
            0,
        ),
        (json!({ "match_phrase": { "text": "wieder Stau" } }), 4),
        (
            json!({ "multi_match": { "query": "verlängert", "fields": ["title^2", "text"] } }),
            2 * DAYS,
        ),
        (
            json!({ "bool": { "must_not": { "term": { "kind": "post" } } } }),
            4 + 2 * DAYS,
        ),
        (
            json!({ "bool": { "should": [{ "term": { "kind": "reply" } }], "must": [{ "match_all": {} }] } }),
            total,
        ),
        (
            json!({ "range": { "@timestamp": { "gte": "now-1y/d", "lt": house.end.to_string() } } }),
            total,
        ),
        (json!({ "ids": { "values": [first["_id"]] } }), 1),
        (text("Grenzkontroll* AND NOT Stau"), total - 4),
        (text("+kind:post -\"Tag 3\""), PEOPLE * (DAYS - 1)),
        (
            text("site:(anzeiger.example OR tagblatt.example)"),
            2 * DAYS,
        ),
        (text("_exists_:url"), 2 * DAYS),
        (text("Stau Kiefersfelden Zumutung"), 4 + PEOPLE * DAYS),
    ];
    for (query, expected) in expected {
        assert_eq!(count(query.clone()).await, expected, "{query}");
    }
    let found = house
        .ask("GET", "/es/mentions/_count?q=kind:reply", "")
        .await;
    assert_eq!(found.json()["count"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_of_fewer_than_five_people_are_held_back() {
    let house = House::start();
    let counted = |body: Value| {
        let house = &house;
        async move {
            let body = json!({ "size": 0, "query": body["query"], "aggs": body["aggs"] });
            house.search(body).await["aggregations"].clone()
        }
    };
    // Four replies of two people: no bucket, no figure; articles are nobody's.
    let kinds = json!({ "k": { "terms": { "field": "kind" } } });
    let all = counted(json!({ "query": { "match_all": {} }, "aggs": kinds })).await;
    let buckets = json!([
        { "key": "post", "doc_count": PEOPLE * DAYS }, { "key": "article", "doc_count": 2 * DAYS },
    ]);
    assert_eq!(all["k"]["buckets"], buckets, "{all}");
    assert_eq!(all["k"]["held_back"], 1);
    let replies = json!({ "term": { "kind": "reply" } });
    let figures = json!({
        "k": { "terms": { "field": "kind" } }, "n": { "value_count": { "field": "id" } },
        "p": { "percentiles": { "field": "delay_secs" } },
        "t": { "top_hits": { "size": 2 } },
        "f": { "filters": { "filters": { "a": { "match_all": {} } } } },
    });
    let few = counted(json!({ "query": replies, "aggs": figures })).await;
    assert_eq!(few["k"]["buckets"], json!([]), "{few}");
    assert_eq!(few["n"]["value"], Value::Null);
    assert_eq!(few["p"]["values"], json!({}));
    assert_eq!(few["t"]["hits"]["hits"], json!([]));
    assert_eq!(few["f"]["buckets"], json!({}));
    // A bucket inside a bucket, too.
    let nested = json!({ "d": {
        "date_histogram": { "field": "published", "fixed_interval": "1d" },
        "aggs": { "k": { "terms": { "field": "kind" } } },
    } });
    let days = counted(json!({ "query": { "match_all": {} }, "aggs": nested })).await;
    let days = days["d"]["buckets"].as_array().unwrap();
    assert_eq!(days.len() as i64, DAYS);
    for bucket in days {
        let kinds = bucket["k"]["buckets"].as_array().unwrap();
        assert!(kinds.iter().all(|kind| kind["key"] != "reply"), "{bucket}");
    }
    // Nobody is counted by: not under any name.
    for aggs in [
        json!({ "x": { "terms": { "field": "speaker" } } }),
        json!({ "resonanz:people": { "cardinality": { "field": "kind" } } }),
    ] {
        let body = json!({ "aggs": aggs }).to_string();
        let refused = house.ask("POST", "/es/_search", &body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
    }
}
