//! `read_bytes`: fixtures with expected results, real feeds with golden hashes, every truncation and
//! thousands of mutations of all of them.

use crate::fixtures::{self, cases, check_folder, input};
use resonanz::collect::Recorded;
use resonanz::collect::feed::read_bytes;
use resonanz::collect::source::{RejectReason, Rejection};
use resonanz::model::Change;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use url::Url;

const MUTATIONS: u64 = 2_000;
/// What the real feeds become: items, and the beginning of the SHA-256 of the printed lines.
const GOLDEN: [(&str, &str); 2] = [
    ("atom_youtube.xml", "1 items, f1cbecd406d72c89"),
    ("rss_2.0_spiegel.xml", "1 items, 77e7aff1b95cfc0a"),
];

fn base() -> Url {
    "https://feeds.example/feed.xml".parse().unwrap()
}

fn read(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    read_bytes(bytes, Some(&base()))
}

/// What `source read` prints.
fn printed(bytes: &[u8]) -> String {
    fixtures::read(Recorded::Feed, bytes).join("\n") + "\n"
}

fn fixture(case: &str) -> Vec<u8> {
    let found = cases("feed").into_iter().find(|path| path.ends_with(case));
    input(&found.unwrap())
}

/// Every input that there is: the fixtures, and the real feeds where they are.
fn inputs() -> Vec<Vec<u8>> {
    let real = real_feeds().into_iter().map(|path| fs::read(path).unwrap());
    cases("feed")
        .iter()
        .map(|case| input(case))
        .chain(real)
        .collect()
}

/// The payloads that are not part of the project; empty where they are not there.
fn real_feeds() -> Vec<PathBuf> {
    let shared = std::env::var("RESONANZ_SHARED").unwrap_or_else(|_| "../shared/data".to_owned());
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(shared)
        .join("payloads/feeds");
    let Ok(entries) = fs::read_dir(&dir) else {
        crate::skipped::skipped(&format!("no real feeds in {}", dir.display()));
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn fixtures_become_what_is_expected() {
    check_folder(Recorded::Feed, "feed");
}

#[test]
fn all_encodings_say_the_same() {
    let expected = printed(&fixture("windows1252"));
    assert!(expected.contains("Köln: „Größe“ kostet 5 €"), "{expected}");
    for case in [
        "windows1252-unlabelled",
        "utf16be",
        "utf16be-no-bom",
        "utf16le",
    ] {
        assert_eq!(printed(&fixture(case)), expected, "{case}");
    }
}

#[test]
fn a_relative_link_and_a_bare_id_belong_to_where_the_feed_stands() {
    let feed =
        |item: &str| format!("<rss><channel><item><title>t</title>{item}</item></channel></rss>");
    let id = |item: &str| match &read(feed(item).as_bytes())[0] {
        Ok(Change::Upsert(item)) => item.id.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        id("<link>/artikel?utm_source=x</link>"),
        "https://feeds.example/artikel"
    );
    assert_eq!(id("<guid>4711</guid>"), "feeds.example 4711");
}

/// Counts and a hash, never content: these feeds are other people's.
#[test]
fn real_feeds_become_what_they_became() {
    for file in real_feeds() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let lines = printed(&fs::read(&file).unwrap());
        let hash: String = Sha256::digest(&lines)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let actual = format!("{} items, {hash}", lines.lines().count());
        assert!(!lines.contains("refused:"), "{name}");
        let expected = GOLDEN
            .iter()
            .find(|(file, _)| *file == name)
            .map(|(_, expected)| *expected);
        assert_eq!(Some(actual.as_str()), expected, "{name}");
    }
}

#[test]
fn the_first_items_of_a_huge_feed_are_read() {
    let item =
        |n: usize| format!("<item><title>{n}</title><link>https://h.example/{n}</link></item>");
    let feed: String = (0..20_000).map(item).collect();
    let results = read(format!("<rss version=\"2.0\"><channel>{feed}</channel></rss>").as_bytes());
    assert_eq!(results.len(), 500);
    assert!(results.iter().all(Result::is_ok));
}

#[test]
fn what_is_no_feed_is_one_rejection() {
    for bytes in [
        &b""[..],
        b"   ",
        b"<html></html>",
        b"{}",
        b"{\"a\":",
        b"[]",
        b"\0\0",
        b"<rss",
    ] {
        let results = read(bytes);
        assert_eq!(results.len(), 1, "{bytes:?}");
        let rejection = results[0].as_ref().unwrap_err();
        assert_eq!(rejection.reason, RejectReason::Malformed, "{bytes:?}");
    }
}

/// "Nothing was said" and "we could not listen" look different.
#[test]
fn items_that_cannot_be_read_are_never_silence() {
    for feed in [
        // Outside of the channel, inside something that is no channel, cut off.
        "<rss><channel/><item><title>t</title></item></rss>",
        "<rss><channel><list><item><title>t</title></item></list></channel></rss>",
        "<feed><list><entry><id>https://a.example/1</id></entry></list></feed>",
        "<rss xmlns:x='urn:x'><channel><x:item><title>t</title></x:item></channel></rss>",
        "<rdf:RDF xmlns='http://purl.org/rss/1.0/'><item><title>t</title></item></rdf:RDF>",
        "<rss><channel><item><title>t</title>",
        "<rss><channel><title>t</tit",
        // In capitals, behind the feed's end, too deep, in a tag without an end.
        "<rss><channel><ITEM><title>t</title></ITEM></channel></rss>",
        "<rss></rss><rss><channel><item><title>t</title></item></channel></rss>",
        &format!(
            "<rss>{}<item><title>t</title></item></rss>",
            "<d>".repeat(70)
        ),
        &format!(
            "<rss><channel><item a='{}'>t</item></channel></rss>",
            "x".repeat(20_000)
        ),
    ] {
        let results = read(feed.as_bytes());
        assert!(matches!(results[..], [Err(_)]), "{results:?} of {feed}");
    }
    assert!(read(b"<rss><channel/></rss>").is_empty());
    assert!(read(b"<feed></feed>").is_empty());
    assert!(read(b"<rss><channel><!-- <item></item> --></channel></rss>").is_empty());
    assert!(read(b"<rdf:RDF><channel><items><rdf:Seq/></items></channel></rdf:RDF>").is_empty());
}

#[test]
fn an_enormous_item_is_cut_and_a_deep_one_is_flat() {
    let body = "<div>".repeat(200_000);
    let feed = format!(
        "<rss version=\"2.0\"><channel><item><title>t</title><link>https://h.example/1</link>\
         <description><![CDATA[{body}]]></description></item></channel></rss>"
    );
    let results = read(feed.as_bytes());
    let Ok(Change::Upsert(item)) = &results[0] else {
        panic!("no item")
    };
    assert_eq!(item.html.len(), 512 * 1024);
    let deep = format!("<rss version=\"2.0\"><channel><item>{body}</item></channel></rss>");
    assert_eq!(read(deep.as_bytes()).len(), 1);
}

#[test]
fn no_truncation_does_harm() {
    for file in inputs() {
        // A prefix of a larger file differs from its neighbours in little; steps keep this short.
        let step = file.len() / 2_000 + 1;
        for end in (0..file.len()).step_by(step) {
            bounded(&file[..end]);
        }
    }
}

#[test]
fn no_mutation_does_harm() {
    for file in inputs() {
        let rounds = if file.len() > 50_000 {
            MUTATIONS / 10
        } else {
            MUTATIONS
        };
        for seed in 0..rounds {
            bounded(&mutated(&file, seed));
        }
    }
}

/// Something comes back, and not more than can be in it.
fn bounded(bytes: &[u8]) {
    let results = read(bytes);
    assert!(
        !results.is_empty() || bytes.len() > 6,
        "an empty feed is at least a root element"
    );
    assert!(results.len() <= 500);
}

/// A few bytes overwritten, doubled, dropped or replaced by something that means something.
fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    const PIECES: [&[u8]; 14] = [
        b"<",
        b">",
        b"&",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"</item>",
        b"<item>",
        b"\"",
        b"&#0;",
        b"<!DOCTYPE x [",
        b"\xff\xfe",
        b"xmlns:xml=\"x\" ",
        b"\0",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % below.max(1)
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..=random(4) {
        let at = random(bytes.len());
        let end = (at + random(40)).min(bytes.len());
        match random(4) {
            0 => bytes[at] = u8::try_from(random(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => drop(bytes.splice(at..at, PIECES[random(PIECES.len())].iter().copied())),
        }
    }
    bytes
}
