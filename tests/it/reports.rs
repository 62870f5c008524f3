//! A report that differs from our own statement, through a whole house and its restarts: its page is
//! looked at again, politely, and what became of it is told by store, page and API.

use crate::house::soon;
use crate::http::ask;
use crate::neighbours::http::{Neighbour, Request, response};
use jiff::{SignedDuration, Timestamp};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::feed::{Feed, FeedConfig};
use resonanz::collect::http::Limits;
use resonanz::config::{self, Config};
use resonanz::model::Amended;
use resonanz::store::{Looked, Seen, StatementText};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FILLER: &str = "Der Ausschuss hat am Montag lange beraten, und es ging um vieles. ";
const STATEMENT: &str = "Das Bundesinnenministerium hat die Zahlen für Oktober vorgelegt. Die \
    Bundespolizei hat im Oktober 12.345 unerlaubte Einreisen festgestellt.";
const OPEN: &str = "User-agent: *\nAllow: /\n";
const CLOSED: &str = "User-agent: *\nDisallow: /a\n";
const PATIENT: Limits = Limits {
    header: Duration::from_secs(20),
    total: Duration::from_secs(40),
    grace: Duration::from_secs(20),
    min_bytes_per_sec: 1024,
    max_body_bytes: 0,
};

fn start() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn after(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

/// What the newspaper's server says now: `robots.txt`, and the figure, or that the page is gone.
type Said = Arc<Mutex<(&'static str, Option<&'static str>)>>;

async fn newspaper(said: &Said) -> Neighbour {
    let said = Arc::clone(said);
    Neighbour::start(move |request: &Request| {
        let (robots, figure) = *said.lock().unwrap();
        let host = format!("http://{}", request.header("host").unwrap());
        match (request.path.as_str(), figure) {
            ("/robots.txt", _) => response(200, &[], robots.as_bytes()),
            ("/feed", _) => {
                let feed = format!(
                    "<rss version=\"2.0\"><channel><item><title>Neue Zahlen</title><link>{host}/a</link>\
                     <pubDate>Fri, 20 Nov 2026 08:50:00 GMT</pubDate></item></channel></rss>"
                );
                response(200, &[], feed.as_bytes())
            }
            ("/a", Some(figure)) => {
                let filler = FILLER.repeat(12);
                let page = format!(
                    "<html lang=\"de\"><head><title>Neue Zahlen</title></head><body><article>\
                     <h1>Neue Zahlen</h1><p>{filler}</p><p>Die Bundespolizei hat im Oktober {figure} \
                     unerlaubte Einreisen festgestellt, wie das Bundesinnenministerium mitteilte. \
                     {filler}</p></article></body></html>"
                );
                response(200, &[("Content-Type", "text/html")], page.as_bytes())
            }
            ("/a", None) => response(410, &[], b""),
            _ => response(404, &[], b""),
        }
    })
    .await
}

fn settings(dir: &Path) -> Config {
    let today = start().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut settings = config::load(None, HashMap::new(), today).unwrap();
    settings.dir = dir.to_owned();
    settings.serve.listen = "127.0.0.1:0".parse().unwrap();
    settings
}

/// The house as it starts at this time, with the newspaper's feed.
async fn house(dir: &Path, server: &Neighbour, at: Timestamp) -> Running {
    let settings = settings(dir);
    let house = House::open(&settings).await.unwrap();
    let feed =
        json!({"url": server.url("/feed"), "allow_private": ["127.0.0.1"], "articles": true});
    let feed: FeedConfig = serde_json::from_value(feed).unwrap();
    let clock = Clock::simulated(at);
    let feed = Feed::with_limits("zeitung", &feed, &clock, PATIENT).unwrap();
    let options = Options {
        sources: vec![Box::new(feed)],
        serve: true,
        clock,
        ..Options::offline()
    };
    let app = App::build(house, settings, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

/// Waits until the page was looked at at this time.
async fn looked(running: &Running, at: Timestamp) -> Looked {
    let reached = async {
        loop {
            if let Some(looked) = running.store().looked(1).await.unwrap()
                && looked.at == at
            {
                return looked;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the look", reached).await
}

async fn ends(running: Running) {
    let patience = Duration::from_secs(60);
    running.finish(patience, Ending::CaughtUp).await.unwrap();
}

fn asked_for_page(server: &Neighbour) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.path == "/a")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_differs_is_looked_at_again_and_what_was_amended_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let said: Said = Arc::new(Mutex::new((OPEN, Some("21.345"))));
    let server = newspaper(&said).await;
    // The office enters its statement; the house is started anew afterwards.
    let opened = House::open(&settings(dir.path())).await.unwrap();
    let statement = StatementText {
        title: "Zahlen für Oktober".into(),
        text: STATEMENT.into(),
        url: "https://amt.example/oktober".into(),
        published: after(-2),
    };
    opened
        .store
        .add_statement(&statement, after(-1))
        .await
        .unwrap();
    drop(opened);
    let running = house(dir.path(), &server, start()).await;
    let report = soon("the report", async {
        loop {
            if let Some(report) = running.store().mention(1).await.unwrap() {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let [differs] = &report.differs[..] else {
        panic!("{report:?}");
    };
    assert_eq!(
        (differs.theirs.as_str(), differs.ours.as_str()),
        ("21.345", "12.345")
    );
    assert_eq!(running.store().looked(1).await.unwrap(), None);
    ends(running).await;
    assert_eq!(asked_for_page(&server), 1);

    // An hour later the newspaper has put it right.
    said.lock().unwrap().1 = Some("12.345");
    let running = house(dir.path(), &server, after(1)).await;
    let how = vec![Amended {
        theirs: "21.345".into(),
        ours: "12.345".into(),
        theirs_is_there: false,
        ours_is_there: true,
    }];
    let amended = Some((after(1), how));
    let found = looked(&running, after(1)).await;
    assert_eq!((found.seen, &found.amended), (Seen::Amended, &amended));
    let address = running.address().unwrap();
    let host = format!("localhost:{}", address.port());
    let get = async |path: &str| ask(address, "GET", path, &[("host", &host)], "").await;
    let page = get("/mentions/1?lang=de").await.body;
    for told in [
        "Zuletzt nachgesehen Fr. 20.11.2026, 11:00 Uhr: geändert.",
        "steht „21.345“ dort nicht mehr, sondern „12.345“ wie bei uns.",
        "href=\"/statements/1?lang=de\"",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let told = get("/api/mentions/1").await.json();
    assert_eq!(
        told["looked"],
        json!({"at": after(1), "seen": "amended", "amended": {"at": after(1), "how": [
            {"theirs": "21.345", "ours": "12.345", "theirs_is_there": false, "ours_is_there": true}]}})
    );
    ends(running).await;
    assert_eq!(asked_for_page(&server), 2);

    // What the publisher closes is not asked for, and what was seen stays.
    said.lock().unwrap().0 = CLOSED;
    let running = house(dir.path(), &server, after(6)).await;
    let found = looked(&running, after(6)).await;
    assert_eq!((found.seen, &found.amended), (Seen::Closed, &amended));
    ends(running).await;
    assert_eq!(asked_for_page(&server), 2);

    *said.lock().unwrap() = (OPEN, None);
    let running = house(dir.path(), &server, after(24)).await;
    let found = looked(&running, after(24)).await;
    assert_eq!((found.seen, &found.amended), (Seen::Closed, &amended));
    ends(running).await;
    assert_eq!(asked_for_page(&server), 3);
}
