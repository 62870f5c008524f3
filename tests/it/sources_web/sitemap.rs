//! Sitemaps and indexes of them against a server on loopback.

use super::{PATIENT, asked, config, hurried, look, page};
use crate::neighbours::http::{Neighbour, gzip_stored, response};
use jiff::Timestamp;
use resonanz::clock::Clock;
use resonanz::collect::poller::Poller;
use resonanz::collect::sitemap;
use resonanz::collect::source::{Source, Standing};

fn source(url: &str, extra: &str) -> Poller {
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    hurried(
        sitemap::with_limits("s", &config(url, extra), &Clock::simulated(now), PATIENT).unwrap(),
    )
}

fn news(address: &str, paths: &[&str]) -> Vec<u8> {
    let entry = |path: &&str| {
        format!(
            "<url><loc>{address}{path}</loc><n:news><n:title>Titel {path}</n:title></n:news></url>"
        )
    };
    let entries: String = paths.iter().map(entry).collect();
    format!("<urlset xmlns:n=\"x\">{entries}</urlset>").into_bytes()
}

#[tokio::test]
async fn an_index_leads_to_the_newest_sitemaps_of_its_own_host() {
    let server = Neighbour::start(|request| {
        let host = format!("http://{}", request.header("host").unwrap());
        match request.path.as_str() {
            "/index.xml" => {
                let old: String = (0..20)
                    .map(|i| format!("<sitemap><loc>{host}/old{i}.xml</loc><lastmod>2020-01-01</lastmod></sitemap>"))
                    .collect();
                let index = format!(
                    "<sitemapindex>{old}<sitemap><loc>{host}/new.xml.gz</loc><lastmod>2026-11-23</lastmod></sitemap>\
                     <sitemap><loc>http://elsewhere.example/x.xml</loc><lastmod>2026-11-24</lastmod></sitemap></sitemapindex>"
                );
                response(200, &[("ETag", "\"1\"")], index.as_bytes())
            }
            "/new.xml.gz" => response(200, &[], &gzip_stored(&news(&host, &["/1", "/2"]))),
            "/old0.xml" => response(404, &[], b""),
            path => response(200, &[], &news(&host, &[&format!("{path}/3"), "/1"])),
        }
    })
    .await;
    let source = source(&server.url("/index.xml"), "");
    let first = look(&source, None).await;
    assert_eq!(first.error, None);
    let titles: Vec<_> = first
        .items
        .iter()
        .filter_map(|item| item.title.as_deref())
        .collect();
    assert_eq!(titles[..2], ["Titel /1", "Titel /2"]);
    let paths = asked(&server);
    assert_eq!(paths.len(), 1 + sitemap::MAX_PARTS);
    assert_eq!(paths[1], "/new.xml.gz");
    // What is known is not told again, though the index is never taken for unchanged.
    let second = look(&source, first.cursor.as_ref()).await;
    assert_eq!((second.items.len(), second.error), (0, None));
    let requests = server.requests();
    let indexes: Vec<_> = requests.iter().filter(|r| r.path == "/index.xml").collect();
    assert_eq!(indexes.len(), 2);
    assert_eq!(indexes[1].header("if-none-match"), None);
}

#[tokio::test]
async fn an_entry_without_a_headline_is_read_from_its_page_while_it_is_fresh() {
    let server = Neighbour::start(|request| {
        let host = format!("http://{}", request.header("host").unwrap());
        match request.path.as_str() {
            "/map.xml" => {
                let map = format!(
                    "<urlset><url><loc>{host}/fresh</loc><lastmod>2026-11-23T08:00:00Z</lastmod></url>\
                     <url><loc>{host}/old</loc><lastmod>2026-10-01</lastmod></url><url><loc>{host}/undated</loc></url></urlset>"
                );
                response(200, &[], map.as_bytes())
            }
            "/fresh" => response(200, &[("Content-Type", "text/html")], &page("", "Neu.")),
            _ => response(404, &[], b""),
        }
    })
    .await;
    let url = server.url("/map.xml");
    let found = look(&source(&url, ", \"articles\": true"), None).await;
    assert_eq!(found.items.len(), 1);
    assert!(found.items[0].text.contains("Neu."));
    assert!(
        found.items[0]
            .title
            .as_deref()
            .unwrap()
            .contains("Ausschuss")
    );
    assert!(
        look(&source(&url, ""), None).await.items.is_empty(),
        "without pages there is nothing to say"
    );
}

#[tokio::test]
async fn what_is_no_sitemap_is_said_aloud() {
    let server =
        Neighbour::start(|_| response(200, &[], b"<html><body>nichts</body></html>")).await;
    let source = source(&server.url("/"), "");
    let look = look(&source, None).await;
    assert_eq!((look.rejected, look.items.len(), look.cursor), (1, 0, None));
    assert!(
        matches!(source.check().await, Standing::Unreachable(why) if why.contains("no sitemap"))
    );
}
