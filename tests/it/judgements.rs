//! The office corrects labels: what is kept of that, what it changes, and what a model learns.

use super::serve_house::{House as Pages, draft};
use super::store::{hit, time};
use super::sweep::assert_absent;
use jiff::Timestamp;
use resonanz::app::models::Models;
use resonanz::app::nightly::Nightly;
use resonanz::app::retrain::{Corrections, corrections, learn};
use resonanz::app::statements::frozen;
use resonanz::classify::retrain::Verdict;
use resonanz::classify::shipped;
use resonanz::model::{Hit, Kind, Mention, Stance, Target};
use resonanz::serve::Config;
use resonanz::store::{Judged, Put, Store};

const AT: &str = "2026-11-20T07:00:00Z";

async fn stance_of(store: &Store, id: i64) -> (Stance, bool, i64) {
    let mention = store.mention(id).await.unwrap().unwrap();
    let label = &mention.labels.stances[0];
    (label.stance, label.by_office, mention.seq)
}

async fn put(store: &Store, hit: &Hit) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let put = tx.put(hit).await.unwrap();
    tx.commit().await.unwrap();
    let (Put::New { id } | Put::Updated { id }) = put else {
        panic!("{put:?}")
    };
    id
}

async fn judge(store: &Store, id: i64, stance: Option<Stance>) -> Judged {
    let mut tx = store.begin().await.unwrap();
    let at = AT.parse().unwrap();
    let judged = match stance {
        Some(stance) => tx.judge(id, "ministry", stance, "api", at).await,
        None => tx.unjudge(id, "ministry").await,
    };
    tx.commit().await.unwrap();
    judged.unwrap()
}

#[tokio::test]
async fn a_correction_holds_until_the_words_change_or_it_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    let id = put(&store, &hit("1", "Das BMI prüft das", 0)).await;
    let (before, _, seq) = stance_of(&store, id).await;
    assert_eq!(before, Stance::Critical);

    assert_eq!(judge(&store, id, Some(Stance::Neutral)).await, Judged::Done);
    let (stance, by_office, newer) = stance_of(&store, id).await;
    assert_eq!((stance, by_office), (Stance::Neutral, true));
    assert!(newer > seq, "followers see it");

    // The same words with another date: the model speaks again, and the office's word stands.
    put(&store, &hit("1", "Das BMI prüft das", 1)).await;
    assert_eq!(stance_of(&store, id).await.0, Stance::Neutral);
    assert_eq!(store.judgements().await.unwrap().len(), 1);

    judge(&store, id, Some(Stance::Supportive)).await;
    let found = store.judgements().await.unwrap();
    assert_eq!(found[0].stance, Stance::Supportive);
    assert_eq!(
        found[0].said.stance,
        Stance::Critical,
        "what the model said"
    );

    // Other words: the correction was of what is no longer there.
    put(&store, &hit("1", "Das BMI hat geprüft und versagt", 2)).await;
    assert_eq!(stance_of(&store, id).await.0, Stance::Critical);
    assert!(store.judgements().await.unwrap().is_empty());

    judge(&store, id, Some(Stance::Unclear)).await;
    assert_eq!(judge(&store, id, None).await, Judged::Done);
    let (stance, by_office, _) = stance_of(&store, id).await;
    assert_eq!((stance, by_office), (Stance::Critical, false));
    assert_eq!(
        judge(&store, id, None).await,
        Judged::NoTarget,
        "nothing to take back"
    );
    assert_eq!(judge(&store, 77, None).await, Judged::NoMention);
}

#[tokio::test]
async fn a_deleted_mention_takes_its_correction_along() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    let one = hit("1", "Grenzwortsammlung des BMI", 0);
    let id = put(&store, &one).await;
    judge(&store, id, Some(Stance::Supportive)).await;
    assert_eq!(store.judgements().await.unwrap().len(), 1);
    let mut tx = store.begin().await.unwrap();
    tx.delete(&one.mention.key, time(5)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.judgements().await.unwrap().is_empty());
    store.purge().await.unwrap();
    assert_absent(dir.path(), "Grenzwortsammlung");
    let file = std::fs::read(dir.path().join("store.sqlite")).unwrap();
    let api = b"supportiveapi";
    assert!(
        !file.windows(api.len()).any(|part| part == api),
        "nor is the row in a freed page"
    );
}

#[tokio::test]
async fn page_and_api_correct_and_take_back() {
    let house = Pages::open(Config::default()).await;
    let drafts =
        vec![draft("1", "Der Minister prüft", 60).stance(Stance::Critical, "word", "prüft", 0.4)];
    let id = house.memory.put(drafts).await[0];
    let api = format!("/api/mentions/{id}/stance");
    let page = house.get(&format!("/mentions/{id}")).await.body;
    assert!(page.contains("Einstufung berichtigen") && page.contains("value=\"supportive\""));
    let post = |path: String, body: &'static str| {
        let house = &house;
        async move { house.ask("POST", &path, &[], body).await }
    };
    let done = post(
        api.clone(),
        "{\"target\":\"minister\",\"stance\":\"neutral\"}",
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let page = house.get(&format!("/mentions/{id}")).await.body;
    assert!(
        page.contains("von der Redaktion") && page.contains("zurücknehmen"),
        "{page}"
    );
    let json = house.get(&format!("/api/mentions/{id}")).await.json();
    assert_eq!(json["stances"][0]["by_office"], true);

    let form = format!("/mentions/{id}/stance?lang=en&q=minister");
    let back = post(form.clone(), "target=minister&stance=").await;
    assert_eq!(back.status, 303, "{}", back.body);
    let to = back.header("location");
    assert_eq!(to, format!("/mentions/{id}?lang=en&q=minister#stance"));
    let json = house.get(&format!("/api/mentions/{id}")).await.json();
    assert_eq!(json["stances"][0]["stance"], "critical");

    for (path, body, status) in [
        (
            api.clone(),
            "{\"target\":\"minister\",\"stance\":\"angry\"}",
            400,
        ),
        (api.clone(), "{\"stance\":\"neutral\"}", 400),
        (
            api.clone(),
            "{\"target\":\"nobody\",\"stance\":\"neutral\"}",
            404,
        ),
        (
            "/api/mentions/99/stance".into(),
            "{\"target\":\"minister\",\"stance\":\"neutral\"}",
            404,
        ),
        (
            "/api/mentions/x/stance".into(),
            "{\"target\":\"minister\"}",
            404,
        ),
        (form, "stance=neutral", 404),
    ] {
        assert_eq!(post(path, body).await.status, status, "{body}");
    }
    assert_eq!(house.get(&api).await.status, 405, "looking changes nothing");
    house.stop().await;
}

fn targets() -> Vec<Target> {
    let config = resonanz::config::load(None, Default::default(), jiff::civil::date(2026, 11, 20));
    config.unwrap().register.targets
}

fn told(text: &str, stance: Stance) -> resonanz::classify::retrain::Told {
    let mention = Mention {
        kind: Kind::Post,
        ..hit("1", text, 0).mention
    };
    resonanz::classify::retrain::Told {
        mention,
        target: targets()
            .into_iter()
            .find(|one| one.name == "minister")
            .unwrap(),
        stance,
    }
}

/// An office whose people write of the minister in words that the built-in model does not know.
fn office(from: usize, count: usize) -> Vec<resonanz::classify::retrain::Told> {
    let one = |n: usize| {
        let (word, stance) = match n % 3 {
            0 => ("quorx", Stance::Critical),
            1 => ("zimbel", Stance::Supportive),
            _ => ("trapp", Stance::Neutral),
        };
        told(&format!("Dobrindt {word} heute zum {n}. Mal"), stance)
    };
    (from..from + count).map(one).collect()
}

#[test]
fn what_the_office_teaches_labels_only_if_it_is_better() {
    let dir = tempfile::tempdir().unwrap();
    let models = Models::new(dir.path());
    let now = time(0);
    let learn = |corrections: &Corrections, minute: i64| {
        learn(
            &models,
            corrections,
            &targets(),
            now + jiff::Span::new().minutes(minute),
        )
        .unwrap()
    };
    let good = Corrections {
        learned: office(0, 120),
        own: office(200, 45),
    };
    let few = Corrections {
        own: office(200, 6),
        ..Corrections {
            learned: office(0, 120),
            own: vec![],
        }
    };
    assert_eq!(learn(&few, 0).verdict, Verdict::TooFew);
    assert!(models.live_name().unwrap().is_none(), "kept, and not live");

    let retrained = learn(&good, 1);
    assert_eq!(
        retrained.verdict,
        Verdict::Live,
        "{:?}",
        (retrained.own, retrained.frozen)
    );
    assert!(retrained.own.after > 0.9 && retrained.own.lead.0 > 0.0);
    assert!(retrained.frozen.statements >= 400);
    let live = models.live_name().unwrap().unwrap();
    assert_eq!(live, retrained.model.card.name);
    let known = &retrained.model.card.known;
    assert_eq!(known, &["minister"], "120 corrections of one target");

    // The same again is no better than itself.
    assert_eq!(learn(&good, 2).verdict, Verdict::NotBetter);
    assert_eq!(
        models.live_name().unwrap().unwrap(),
        live,
        "the one before labels on"
    );
    assert_eq!(models.names().unwrap().len(), 3, "each is kept");

    // Nonsense that contradicts what is known.
    let spoilt: Vec<_> = frozen(&targets())
        .into_iter()
        .map(|mut told| {
            told.stance = match told.stance {
                Stance::Critical => Stance::Supportive,
                Stance::Supportive => Stance::Critical,
                other => other,
            };
            told
        })
        .collect();
    let own = spoilt.iter().step_by(3).cloned().collect();
    let retrained = learn(
        &Corrections {
            learned: spoilt,
            own,
        },
        3,
    );
    assert_eq!(retrained.verdict, Verdict::WorseOnFrozen);
    models.make_live(None).unwrap();
    assert!(models.live().unwrap().is_none(), "back to the built-in one");
    assert!(shipped::model().is_ok());
}

#[tokio::test]
async fn training_reads_the_corrections_of_the_store_and_keeps_some_apart() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    for n in 0..60 {
        let id = put(
            &store,
            &hit(&n.to_string(), &format!("Das BMI, Fall {n}"), 0),
        )
        .await;
        judge(&store, id, Some(Stance::Neutral)).await;
    }
    let found = corrections(&store, &targets()).await.unwrap();
    assert_eq!(found.learned.len() + found.own.len(), 60);
    assert!((4..30).contains(&found.own.len()), "{}", found.own.len());
    let again = corrections(&store, &targets()).await.unwrap();
    assert_eq!(found.own.len(), again.own.len());
    assert!(corrections(&store, &[]).await.unwrap().learned.is_empty());
}

#[tokio::test]
async fn at_night_a_running_house_learns_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    let register =
        resonanz::config::load(None, Default::default(), jiff::civil::date(2026, 11, 20))
            .unwrap()
            .register;
    let metrics = resonanz::metrics::Metrics::new(&Default::default()).unwrap();
    let nightly = Nightly {
        config: resonanz::classify::Config::default(),
        dir: dir.path().to_owned(),
        store: store.clone(),
        register: tokio::sync::watch::Sender::new(std::sync::Arc::new(register)).subscribe(),
        classifier: tokio::sync::watch::Sender::new(std::sync::Arc::new(
            resonanz::classify::Lexicon::new(),
        )),
        metrics: metrics.clone(),
    };
    let night: Timestamp = "2026-11-21T02:10:00Z".parse().unwrap();
    let outcomes = || metrics.encode().unwrap();
    nightly.tick(night).await;
    assert!(!outcomes().contains("_retrainings_total{outcome=\"too_few\"} 1"));

    let id = put(&store, &hit("1", "Das BMI prüft das", 0)).await;
    judge(&store, id, Some(Stance::Neutral)).await;
    nightly.tick("2026-11-20T12:00:00Z".parse().unwrap()).await;
    assert!(
        Models::new(dir.path()).names().unwrap().is_empty(),
        "not by day"
    );
    nightly.tick(night).await;
    assert!(outcomes().contains("_retrainings_total{outcome=\"too_few\"} 1"));
    nightly.tick("2026-11-22T02:10:00Z".parse().unwrap()).await;
    assert_eq!(
        Models::new(dir.path()).names().unwrap().len(),
        1,
        "nothing new"
    );
    assert_eq!(
        nightly.classifier.borrow().model(),
        "lexicon-0",
        "and nothing live"
    );
}
