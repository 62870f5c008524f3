//! Mails follow deletions and edits.

use super::*;

#[tokio::test]
async fn what_was_deleted_before_sending_is_not_mailed() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    hits[1].mention.text = "Stimmt das mit dem Kamel?".into();
    house.take(&hits, 3).await;
    house.delete(&hits[1]).await;
    house.deliver().await;
    let mail = delivered(house.dir.path()).remove(0).1;
    assert!(!mail.contains("Kamel"), "{mail}");
    assert!(mail.contains("mit den Pässen"), "{mail}");
    assert!(
        mail.contains("Gelöschte Äußerungen werden nicht mehr gezeigt."),
        "{mail}"
    );
}

#[tokio::test]
async fn a_mail_goes_out_even_when_all_its_statements_are_gone() {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    house.take(&hits, 3).await;
    for hit in &hits {
        house.delete(hit).await;
    }
    house.deliver().await;
    let mail = delivered(house.dir.path()).remove(0).1;
    assert!(mail.contains("3 Rückfragen"), "{mail}");
    assert!(!mail.contains("Beispiele"), "{mail}");
    assert!(mail.contains("Gelöschte Äußerungen"), "{mail}");
}

#[tokio::test]
async fn a_delivered_mail_loses_what_was_deleted_even_over_a_restart() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    hits[1].mention.text = "Stimmt das mit dem Kamel?".into();
    house.take(&hits, 3).await;
    house.deliver().await;
    let before = delivered(house.dir.path());
    assert!(before[0].1.contains("Kamel"));
    house.delete(&hits[1]).await;
    house.deliver().await;
    let after = delivered(house.dir.path());
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].0, before[0].0);
    assert!(!after[0].1.contains("Kamel"), "{}", after[0].1);
    assert_eq!(head(&after[0].1), head(&before[0].1));
    assert!(bytes_of(&house.dir.path().join("mail"), b"Kamel").is_empty());
}

fn head(mail: &str) -> &str {
    mail.split_once("\n\n").unwrap().0
}

/// Files below a directory that hold some bytes.
fn bytes_of(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_of(&path, needle));
        } else if fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|w| w == needle)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_delivered_mail_follows_an_edit() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    hits[1].mention.text = "Stimmt das mit dem Kamel?".into();
    house.take(&hits, 3).await;
    house.deliver().await;
    hits[1].mention.text = "Stimmt das mit dem Pferd?".into();
    hits[1].mention.edited = Some(start() + minutes(1));
    house.take(&hits[1..2], 1).await;
    house.deliver().await;
    let mail = delivered(house.dir.path()).remove(0).1;
    assert!(!mail.contains("Kamel") && mail.contains("Pferd"), "{mail}");
}

#[tokio::test]
async fn a_redaction_that_fails_is_tried_again() {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    house.take(&hits, 3).await;
    house.deliver().await;
    house.delete(&hits[0]).await;
    let mut sender = house.sender(house.maildir());
    let tmp = house.dir.path().join("mail/tmp");
    fs::remove_dir(&tmp).unwrap();
    sender.catch_up().await.unwrap();
    assert!(!delivered(house.dir.path())[0].1.contains("Gelöschte"));
    fs::create_dir(&tmp).unwrap();
    sender.catch_up().await.unwrap();
    assert!(delivered(house.dir.path())[0].1.contains("Gelöschte"));
}
