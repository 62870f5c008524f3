//! Uploads that a hub brings to a whole house, in the shape that Google documents.

use crate::neighbours::http::{Neighbour, response};
use crate::sources_feed::websub::{bring, free_port, signed, start, stop, subscription, until};
use crate::sources_youtube::{NO_UPLOADS, config};
use resonanz::collect::SourceConfig;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// <https://developers.google.com/youtube/v3/guides/push_notifications>
const UPLOADED: &str = r#"<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom">
  <link rel="hub" href="https://pubsubhubbub.appspot.com"/>
  <link rel="self" href="https://www.youtube.com/xml/feeds/videos.xml?channel_id=UCministerium"/>
  <title>YouTube video feed</title>
  <updated>2015-04-01T19:05:24.552394234+00:00</updated>
  <entry>
    <id>yt:video:vid-1</id><yt:videoId>vid-1</yt:videoId><yt:channelId>UCministerium</yt:channelId>
    <title>Falscher Titel</title>
    <link rel="alternate" href="http://www.youtube.com/watch?v=vid-1"/>
    <author><name>Kanal</name><uri>http://www.youtube.com/channel/UCministerium</uri></author>
    <published>2015-03-06T21:40:57+00:00</published>
    <updated>2015-03-09T19:05:24.552394234+00:00</updated>
  </entry>
</feed>"#;

/// RFC 6721, as the hub sends it.
const GONE: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">
  <at:deleted-entry ref="yt:video:vid-1" when="2026-11-29T11:00:00.1+00:00">
    <link href="https://www.youtube.com/watch?v=vid-1"/>
    <at:by><name>Kanal</name><uri>https://www.youtube.com/channel/UCministerium</uri></at:by>
  </at:deleted-entry></feed>"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_asked_for_when_it_is_brought_and_goes_when_it_is_gone() {
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let youtube = Neighbour::start(move |request| {
        let video = json!({"id": "vid-1", "kind": "youtube#video", "snippet": {
            "channelId": "UCministerium", "title": "Das Bundesinnenministerium erklärt"}});
        match request.path.split('?').next().unwrap() {
            "/feeds/videos.xml" => response(200, &[], NO_UPLOADS),
            "/hub" => response(202, &[], b""),
            "/youtube/v3/videos" if !is_gone.load(Ordering::SeqCst) => {
                response(200, &[], json!({"items": [video]}).to_string().as_bytes())
            }
            _ => response(200, &[], b"{\"items\": []}"),
        }
    })
    .await;
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let secret_file = dir.path().join("hub-secret");
    std::fs::write(&secret_file, "ein-geheimnis-von-zweiunddreissig-zeichen").unwrap();
    let more = json!({
        "every_secs": 3600, "hub_url": youtube.url("/hub"), "secret_file": secret_file,
        "callback": format!("http://127.0.0.1:{port}/in/zeitung"),
    });
    let source = SourceConfig::Youtube(config(&youtube.url(""), more));
    let running = start(dir.path(), &source, port).await;
    let fields = subscription(&youtube).await;
    let topic = youtube.url("/feeds/videos.xml?channel_id=UCministerium");
    assert_eq!(fields["hub.topic"], topic);
    let Some(signature) = signed(&fields["hub.secret"], UPLOADED) else {
        return;
    };
    assert_eq!(bring(port, &signature, UPLOADED).await.status, 200);
    assert_eq!(running.store().count().await.unwrap(), 1);

    // What is said to be gone and is not stays.
    let signature = signed(&fields["hub.secret"], GONE).unwrap();
    assert_eq!(bring(port, &signature, GONE).await.status, 200);
    assert_eq!(running.store().count().await.unwrap(), 1);
    gone.store(true, Ordering::SeqCst);
    let again = GONE.replace("11:00", "11:01");
    let signature = signed(&fields["hub.secret"], &again).unwrap();
    assert_eq!(bring(port, &signature, &again).await.status, 200);
    until("the deletion", async || {
        running.store().count().await.unwrap() == 0
    })
    .await;
    stop(running).await;
}
