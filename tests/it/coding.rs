//! The weekly sample: two people judge blindly, and what they say goes when the words go.

use super::serve_house::{House as Pages, draft, now};
use resonanz::model::{Kind, Stance};
use resonanz::serve::Config;

const DAY: i64 = 24 * 60;

/// Of last week (the house's clock says Sunday, 22 November 2026), and of others.
async fn house() -> (Pages, Vec<i64>) {
    let house = Pages::open(Config::default()).await;
    let mut drafts = vec![
        draft("today", "Der Minister heute", 60),
        draft("older", "Der Minister vor drei Wochen", 21 * DAY),
        draft("message", "Eine Nachricht an das Haus", 9 * DAY)
            .with(|mention| mention.kind = Kind::Message),
    ];
    for n in 0..25 {
        let text = format!("Der Minister <b>prüft</b> Sache {n}");
        drafts.push(draft(&format!("post-{n}"), &text, 8 * DAY + n));
    }
    let drafts = drafts
        .into_iter()
        .map(|draft| draft.stance(Stance::Critical, "word", "Minister", 0.4));
    let ids = house.memory.put(drafts.collect()).await;
    (house, ids)
}

fn shown(page: &str) -> Vec<i64> {
    let parts = page.split("name=\"mention\" value=\"").skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn two_people_judge_the_same_twenty_blindly() {
    let (house, ids) = house().await;
    let choice = house.get("/coding").await.body;
    assert!(choice.contains("Stichprobe der Woche") && choice.contains("2026-W46"));
    assert!(shown(&choice).is_empty(), "first who judges");

    let first = house.get("/coding?coder=1").await.body;
    let sample = shown(&first);
    assert_eq!(sample.len(), 20);
    assert!(sample.iter().all(|id| ids[3..].contains(id)), "last week's");
    assert!(first.contains("&#60;b&#62;prüft") && !first.contains("<b>prüft"));
    assert!(
        !first.contains("0,4") && !first.contains("aria-pressed"),
        "nothing is told"
    );
    assert_eq!(shown(&house.get("/coding?coder=2").await.body), sample);

    let id = sample[0];
    let say = |coder: u8, id: i64, stance: &'static str| {
        let (house, path) = (&house, format!("/coding?coder={coder}&lang=en"));
        let body = format!("mention={id}&target=minister&stance={stance}");
        async move { house.ask("POST", &path, &[], &body).await }
    };
    let back = say(1, id, "neutral").await;
    assert_eq!(
        (back.status, back.header("location")),
        (303, format!("/coding?coder=1&lang=en#m{id}").as_str())
    );
    let mine = house.get("/coding?coder=1").await.body;
    assert!(mine.contains("value=\"neutral\" aria-pressed=\"true\"") && mine.contains("1 von 20"));
    let other = house.get("/coding?coder=2").await.body;
    assert!(!other.contains("aria-pressed"), "the other does not see it");

    for (coder, id, stance) in [
        (2, id, "neutral"),
        (1, sample[1], "critical"),
        (2, sample[1], "critical"),
    ] {
        assert_eq!(say(coder, id, stance).await.status, 303);
    }
    let json = house.get("/api/coding").await.json();
    assert_eq!(
        (json["both"].as_u64(), json["judged"].as_u64()),
        (Some(2), Some(4))
    );
    assert_eq!(json["alpha"], 1.0);
    assert!(
        json["alpha_model"].as_f64().unwrap() < 0.5,
        "the model always says critical"
    );
    assert!(house.get("/coding").await.body.contains("1,00"));

    say(1, id, "").await;
    assert_eq!(house.get("/api/coding").await.json()["both"], 1);
    for (coder, id, stance) in [(3, id, "neutral"), (1, id, "angry")] {
        assert_eq!(say(coder, id, stance).await.status, 400);
    }
    assert_eq!(say(1, 999, "neutral").await.status, 404);

    // The words are gone, and with them what was said of them.
    let mut tx = house.memory.store.begin().await.unwrap();
    let key = tx.key_of(sample[1]).await.unwrap().unwrap();
    tx.delete(&key, now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.get("/api/coding").await.json()["judged"], 1);
    house.stop().await;
}
