//! Real pages of German media and ministries, as a package of the registry ships them
//! (`tests/peers/install`): the words of the article come out, and the publishers' reservations hold.

use resonanz::collect::article::{Unread, read};
use std::fs;
use std::path::PathBuf;
use url::Url;

/// A page, words of its article, and words that are around it.
const ARTICLES: [(&str, &str, &str); 7] = [
    (
        "bmjv.de.konsum",
        "Falls Sie kürzlich einen Kreditvertrag abgeschlossen",
        "Impressum",
    ),
    (
        "brandenburg.de.homo-brandenburgensis",
        "Sich kurz zu fassen",
        "Impressum",
    ),
    (
        "correctiv.org.zusage",
        "Wie so viele Geschichten über den Spendenskandal",
        "Datenschutz",
    ),
    (
        "heise.de.lithium",
        "ausgediente Akkus effizienter",
        "Datenschutz",
    ),
    (
        "netzpolitik.org.abmahnungen",
        "Zwei Männer Arm in Arm",
        "Newsletter",
    ),
    (
        "rnz.de.witzel",
        "Für einen Roman über die alte Bundesrepublik",
        "Impressum",
    ),
    (
        "spiegel.de.albtraum",
        "Ein perfekter Sturm auf dem Meer",
        "Impressum",
    ),
];
/// Pages whose publishers say `noarchive`.
const RESERVED: [&str; 4] = [
    "faz.net.streaming",
    "ndr.de.podcastcoronavirus140",
    "sueddeutsche.de.flixtrain",
    "zeit.de.zugverkehr",
];

/// Where the pages are; says aloud where they are not.
pub(super) fn pages() -> Option<PathBuf> {
    crate::skipped::peer("saved pages", "pages")
}

fn url() -> Url {
    "https://seite.example/artikel".parse().unwrap()
}

#[test]
fn the_words_of_the_article_come_out() {
    let Some(pages) = pages() else { return };
    for (name, inside, outside) in ARTICLES {
        let page = fs::read(pages.join(format!("{name}.html"))).unwrap();
        let reading = read(&page, None, &url(), Some(Default::default()));
        let reading = reading.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            reading.text.contains(inside),
            "{name}: {:.400}",
            reading.text
        );
        assert!(!reading.text.contains(outside), "{name}");
        assert!(reading.title.is_some(), "{name}");
    }
    for name in RESERVED {
        let page = fs::read(pages.join(format!("{name}.html"))).unwrap();
        let reading = read(&page, None, &url(), Some(Default::default()));
        assert_eq!(reading, Err(Unread::Reserved), "{name}");
    }
}

#[test]
fn every_page_is_read_whole_cut_and_spoilt() {
    let Some(pages) = pages() else { return };
    let (mut all, mut articles) = (0, 0);
    for entry in fs::read_dir(pages).unwrap() {
        let page = fs::read(entry.unwrap().path()).unwrap();
        all += 1;
        match read(&page, None, &url(), Some(Default::default())) {
            Ok(reading) => {
                articles += 1;
                assert!(reading.text.len() <= 256 * 1024);
            }
            Err(Unread::Reserved | Unread::NoArticle) => {}
        }
        // What the network or a hostile publisher may make of it.
        let cut = &page[..page.len() * 2 / 3];
        let _ = read(cut, None, &url(), Some(Default::default()));
        let spoilt: Vec<u8> = page
            .iter()
            .enumerate()
            .map(|(i, byte)| if i % 97 == 0 { b'<' } else { *byte })
            .collect();
        let _ = read(&spoilt, None, &url(), Some(Default::default()));
    }
    assert!(
        all > 150 && articles * 10 > all * 7,
        "{articles} articles on {all} pages"
    );
}
