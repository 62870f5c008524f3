//! What a search leads to: a fault in the reader's language, or a mention and the way back.

use super::serve_house::*;
use resonanz::model::Stance;
use resonanz::serve::Config;

#[tokio::test]
async fn the_way_back_from_a_mention_keeps_the_search() {
    let house = House::open(Config::default()).await;
    let found = draft("1", "Die Grenze bleibt offen, das ist ein Skandal", 60);
    let found = found.stance(Stance::Critical, "critical word", "Skandal", -1.5);
    house.memory.put(vec![found]).await;
    let search = "q=Grenze&#38;stance=critical&#38;range=30d&#38;lang=en";
    let page = house
        .get("/?q=Grenze&range=30d&lang=en&stance=critical")
        .await
        .body;
    let there = format!("href=\"/mentions/1?{search}\"");
    assert!(page.contains(&there), "{page}");
    let mention = house
        .get("/mentions/1?q=Grenze&stance=critical&range=30d&lang=en&after=3")
        .await
        .body;
    let back = format!("<p class=\"back\"><a href=\"/?{search}&#38;after=3\">");
    assert!(mention.contains(&back), "{mention}");
    assert!(mention.contains("/mentions/1?q=Grenze&#38;stance=critical&#38;range=30d&#38;lang=de"));
    for foreign in [
        "q=%22%3E%3Cscript%3E&after=%22%3E%3Cscript%3E",
        "next=//evil.example",
        "q=javascript:alert(1)",
        "%22%3E%3Cscript%3E=1",
    ] {
        let answer = house.get(&format!("/mentions/1?{foreign}")).await;
        assert_eq!(answer.status, 200, "{foreign}");
        let back = answer.body.split("class=\"back\"><a href=\"").nth(1);
        let back = back.and_then(|rest| rest.split('"').next()).unwrap();
        assert!(back == "/" || back.starts_with("/?q="), "{back}");
        assert!(!answer.body.contains("<script") && !answer.body.contains("evil"));
    }
}

#[tokio::test]
async fn a_wrong_query_is_told_in_the_readers_language() {
    let house = House::open(Config::default()).await;
    let german = house.get("/?q=a+)").await.body;
    assert!(german.contains("Hier schließt eine Klammer, die nicht geöffnet wurde."));
    for path in ["/?q=a+)&lang=en", "/api/search?q=a+)"] {
        let english = house.get(path).await.body;
        assert!(english.contains("This bracket closes nothing: it was not opened."));
        assert!(!english.contains("Klammer"), "{path}");
    }
}
