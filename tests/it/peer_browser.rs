//! A real browser reads the pages: Chromium, headless. Hostile text stays text, and the pages look
//! as they should (screenshots in `target/screenshots`, for eyes).

use super::serve::hostile;
use super::serve_house::*;
use resonanz::model::*;
use resonanz::serve::Config;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHROMIUM: &str = "/usr/bin/chromium";
/// A cold start on a busy machine; `timeout` of the coreutils ends what takes longer.
const LIMIT_SECS: &str = "90";

fn is_missing() -> bool {
    let missing = !Path::new(CHROMIUM).exists();
    if missing {
        crate::skipped::skipped(&format!(
            "{CHROMIUM} is not installed; no browser read the pages"
        ));
    }
    missing
}

/// Runs Chromium on one address and gives what it printed.
async fn browse(url: &str, options: &[&str]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut run = Command::new("timeout");
    run.args([LIMIT_SECS, CHROMIUM])
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--hide-scrollbars", "--lang=de-DE", "--accept-lang=de-DE"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(options)
        .arg(url);
    let output = tokio::task::spawn_blocking(move || run.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn screenshots() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

async fn photograph(url: &str, name: &str, options: &[&str]) {
    let path = screenshots().join(name);
    let _ = std::fs::remove_file(&path);
    let shot = format!("--screenshot={}", path.display());
    browse(url, &[&[shot.as_str()], options].concat()).await;
    let picture = std::fs::read(&path).unwrap();
    assert!(
        picture.starts_with(b"\x89PNG") && picture.len() > 10_000,
        "{name}"
    );
}

/// The names of all elements of a page, as the browser understood it.
fn elements(dom: &str) -> Vec<String> {
    let name = |rest: &str| -> String {
        rest.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect()
    };
    let mut names: Vec<String> = dom.split('<').skip(1).map(name).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_finds_no_foreign_element() {
    if is_missing() {
        return;
    }
    let house = House::open(Config::default()).await;
    let drafts = hostile().into_iter().enumerate().map(|(n, text)| {
        let (title, site, seen) = (text.clone(), text.clone(), text.clone());
        draft(&n.to_string(), &text, 1)
            .with(|mention| {
                mention.title = title;
                mention.site = site;
                mention.url = Some(text.clone());
                mention.author = Some(Author::Voice {
                    name: text.clone(),
                    handle: text,
                    account: None,
                });
            })
            .stance(Stance::Critical, &seen, &seen, 1.0)
            .flag(FlagKind::Correction, &seen, &seen)
    });
    let ids = house.memory.put(drafts.collect()).await;
    assert_eq!(ids.len(), 500);
    let case = house
        .memory
        .open_case("<script>document.title='xss'</script>", &ids[..150])
        .await;
    let mut paths: Vec<String> = (0..5)
        .map(|page| format!("/?limit=100&after={}&q=", page * 100))
        .collect();
    paths.push("/?q=%22%3E%3Cscript%3Edocument.title=%27xss%27%3C/script%3E)".into());
    paths.push(format!("/cases/{case}"));
    paths.push("/cases".into());
    paths.push(format!("/mentions/{}", ids[3]));
    for path in paths {
        let dom = browse(&format!("http://{}{path}", house.address), &["--dump-dom"]).await;
        let title = dom
            .split("<title>")
            .nth(1)
            .and_then(|rest| rest.split("</title>").next());
        assert!(title.unwrap().ends_with(" – Resonanz"), "{path}: {title:?}");
        let foreign: Vec<String> = elements(&dom)
            .into_iter()
            .filter(|name| !OURS.contains(&name.as_str()))
            .collect();
        assert!(foreign.is_empty(), "{path}: {foreign:?}");
        assert!(
            !dom.contains(" onerror=\"") || !dom.contains("<img"),
            "{path}"
        );
        assert!(
            !dom.contains("href=\"javascript:") && !dom.contains("href=\"data:"),
            "{path}"
        );
    }
}

/// The elements of our templates.
const OURS: [&str; 48] = [
    "a", "article", "bdi", "body", "button", "code", "dd", "details", "div", "dl", "dt",
    "fieldset", "form", "h1", "h2", "h3", "head", "header", "html", "i", "input", "label",
    "legend", "li", "link", "main", "mark", "meta", "nav", "ol", "option", "p", "pre", "q",
    "section", "select", "span", "strong", "summary", "table", "tbody", "td", "th", "thead",
    "time", "title", "tr", "ul",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_photographed() {
    if is_missing() {
        return;
    }
    let house = House::open(Config::default()).await;
    let ids = house.memory.put(scene()).await;
    let case = house.memory.open_case("flagged", &ids[..3]).await;
    house.memory.open_case("critical_wave", &ids[2..5]).await;
    *house.memory.sources.lock().unwrap() =
        vec![source("bluesky", Some(true)), source("feeds", Some(false))];
    let url = |path: &str| format!("http://{}{path}", house.address);
    let dark = "--blink-settings=preferredColorScheme=0";
    photograph(
        &url("/?q=Grenz"),
        "search.png",
        &["--window-size=1280,1700"],
    )
    .await;
    photograph(
        &url("/?q=Grenz"),
        "search-dark.png",
        &["--window-size=1280,1100", dark],
    )
    .await;
    photograph(
        &url("/?q=Grenz"),
        "search-narrow.png",
        &["--window-size=500,1700"],
    )
    .await;
    photograph(
        &url("/?q=(Grenze+AND+)&stance=critical"),
        "error.png",
        &["--window-size=1280,800"],
    )
    .await;
    photograph(
        &url(&format!("/mentions/{}", ids[1])),
        "mention.png",
        &["--window-size=1280,1100"],
    )
    .await;
    photograph(&url("/cases"), "cases.png", &["--window-size=1280,700"]).await;
    photograph(
        &url(&format!("/cases/{case}")),
        "case.png",
        &["--window-size=1280,1500"],
    )
    .await;
}

/// A Sunday morning with a rumour in it.
fn scene() -> Vec<Draft> {
    let rumour = "Stimmt das, dass ab Montag alle Grenzübergänge nach Polen geschlossen werden? Habe das \
                  jetzt dreimal gelesen, aber nirgends eine Quelle.";
    let long = "Das Bundesinnenministerium hat am Samstag Berichte zurückgewiesen, wonach die \
        Grenzkontrollen an allen Übergängen ausgeweitet würden. Ein Sprecher sagte auf Anfrage, es \
        bleibe bei den bisherigen Regelungen. Zuvor hatte ein Beitrag in sozialen Netzen die Runde \
        gemacht, in dem von einer vollständigen Schließung die Rede war.\n\nDie Bundespolizei \
        verwies darauf, dass die Zahl der Kontrollen im November unverändert geblieben sei. In der \
        Region seien an drei Übergängen lediglich Bauarbeiten vorgesehen, die den Verkehr einspurig \
        vorbeiführen. Der Landrat sprach von einer unnötigen Verunsicherung der Pendlerinnen und \
        Pendler. Die Grenzregion lebe vom Austausch.";
    let wrong = "Das ist falsch. Die Zahl stammt aus 2015, nicht aus diesem Jahr – bitte korrigieren: \
                 Die Grenzkontrollen wurden gerade nicht ausgeweitet.";
    vec![
        draft("1", rumour, 12)
            .with(|mention| mention.kind = Kind::Reply)
            .stance(Stance::Unclear, "", "", 0.0)
            .flag(FlagKind::Enquiry, "enquiry phrase", "Stimmt das"),
        draft("2", long, 47)
            .article("Ministerium: Keine Schließung der Grenzübergänge", "nordkurier.example")
            .stance(Stance::Neutral, "", "", 0.0),
        draft("3", wrong, 95)
            .with(|mention| mention.edited = Some(now()))
            .stance(Stance::Supportive, "supportive phrase", "nicht ausgeweitet", 0.5)
            .flag(FlagKind::Correction, "correction phrase", "Das ist falsch"),
        draft("4", "Dieser Grenzzirkus ist ein Armutszeugnis. Seit zwei Jahren Stau, und der Minister lobt sich selbst. @[Konto]", 260)
            .stance(Stance::Critical, "critical word", "Armutszeugnis", -1.5),
        draft("5", "Danke an die Kolleginnen und Kollegen der Bundespolizei an der Grenze – und gut, dass der Minister heute vor Ort war. 👏", 900)
            .stance(Stance::Supportive, "supportive word", "gut", 1.0),
    ]
}
