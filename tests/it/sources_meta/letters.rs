//! Direct messages to the ministry's page and account: by looks, and by pushes through a whole house.

use super::looks::{look, told};
use super::pushes::{finish, now, sign_and_bring, signed, start};
use super::{settings, source};
use crate::neighbours::http::{Neighbour, Reply, Request};
use jiff::{Timestamp, ToSpan};
use resonanz::collect::meta::{Meta, MetaConfig, Network};
use resonanz::model::Kind;
use serde_json::{Value, json};

fn message(id: &str, from: &str, words: &str, hours_ago: i64) -> Value {
    let at: Timestamp = Timestamp::from_second(now()).unwrap() - hours_ago.hours();
    let at = at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
    json!({"id": id, "from": {"id": from, "name": "Kanarienvogel"}, "message": words, "created_time": at})
}

/// Three conversations, the newest message of each first.
fn conversations(request: &Request) -> Reply {
    if !request.path.contains("/conversations") {
        return told(&json!({"data": []}));
    }
    told(&json!({"data": [
        {"id": "t_1", "messages": {"data": [
            message("m_3", "501", "Und am Sonntag?", 1), message("m_2", "900", "Um neun.", 2),
            message("m_1", "501", "Wann öffnet ihr?", 3)]}},
        {"id": "t_2", "messages": {"data": [
            message("m_6", "77", "Gern geschehen.", 1), message("m_5", "502", "Danke!", 2)]}},
        {"id": "t_3", "messages": {"data": [message("m_7", "503", "Ein alter Brief", 24 * 20)]}},
    ]}))
}

#[tokio::test]
async fn what_waits_for_an_answer_is_brought_once_and_what_is_answered_is_not() {
    let server = Neighbour::start(conversations).await;
    let quiet = settings(&server.url(""));
    let silent = look(&source(Network::Facebook, &quiet), None).await;
    assert_eq!(silent.texts(), Vec::<&str>::new());
    let asked = |part: &str| {
        server
            .requests()
            .iter()
            .any(|asked| asked.path.contains(part))
    };
    assert!(!asked("/conversations"), "nobody asked for messages");

    let listening = MetaConfig {
        messages: true,
        page: Some("77".to_owned()),
        ..quiet
    };
    for (network, platform) in [
        (Network::Facebook, "platform=messenger"),
        (Network::Instagram, "platform=instagram"),
    ] {
        let source = source(network, &listening);
        let first = look(&source, None).await;
        assert_eq!(
            (first.texts(), &first.error),
            (vec!["Und am Sonntag?"], &None)
        );
        let letter = &first.items[0];
        assert_eq!(
            (letter.kind, letter.id.as_str()),
            (Kind::Message, "message:m_3")
        );
        assert_eq!(letter.author.as_ref().unwrap().id, "501");
        assert!(asked("/77/conversations?") && asked(platform));
        let again = look(&source, first.cursor.as_ref()).await;
        assert_eq!(again.texts(), Vec::<&str>::new());
    }
}

#[test]
fn settings_that_make_no_sense_are_told_by_their_key() {
    let fault = |network, change: fn(&mut MetaConfig)| {
        let mut config = settings("https://graph.example");
        change(&mut config);
        Meta::new("m", network, &config).err().unwrap()
    };
    assert!(fault(Network::Threads, |c| c.messages = true).contains("`messages`"));
    assert!(fault(Network::Instagram, |c| c.page = Some("me".into())).contains("`page`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_message_opens_a_case_and_is_passed_over_where_nobody_wants_it() {
    if signed("").is_none() {
        return;
    }
    let said = json!({"mid": "m_1", "text": "Vossibärenfrage: wann ist die Pressestelle besetzt?"});
    let body = json!({"object": "page", "entry": [{"id": super::ACCOUNT, "time": now(), "messaging": [
        {"sender": {"id": "501"}, "recipient": {"id": super::ACCOUNT}, "timestamp": now(), "message": said},
    ]}]});
    for (messages, expected) in [(false, 0), (true, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let config = MetaConfig {
            messages,
            ..settings("https://graph.facebook.com")
        };
        let mut running = start(dir.path(), Network::Facebook, &config).await;
        let answer = sign_and_bring(&running, &body).await;
        assert_eq!(answer.body, format!("{{\"stored\":{expected}}}"));
        assert_eq!(running.store().count().await.unwrap(), expected);
        if messages {
            let stored = running.store().mention(1).await.unwrap().unwrap();
            assert_eq!((stored.text.as_str(), stored.matches.len()), ("", 0));
            running.caught_up().await.unwrap();
            let cases = running.store().cases(9).await.unwrap();
            assert_eq!(cases.len(), 1);
            assert_eq!(cases[0].rule, "message");
        }
        finish(running).await;
        crate::sweep::assert_absent(&dir.path().join("data"), "Vossibärenfrage");
    }
}
