//! What a mail says and does not say.

use super::*;

#[tokio::test]
async fn a_mail_tells_what_why_and_where_and_nobody_s_name() {
    let house = House::new(config()).await;
    let mut article = hit(
        3,
        0,
        40,
        "Ein Sprecher sagte, die Zahl treffe nicht zu. "
            .repeat(9)
            .trim(),
    );
    article.mention.kind = Kind::Article;
    article.mention.title = "Ministerium widerspricht Bericht".into();
    article.mention.site = "zeitung.example".into();
    article.mention.url = Some("https://zeitung.example/artikel/1".into());
    article.mention.author = Some(Author::Voice {
        name: "Erika Musterfrau".into(),
        handle: "erika.example".into(),
        account: None,
    });
    article.labels.flags = vec![FlagLabel {
        flag: FlagKind::Correction,
        reasons: Vec::new(),
    }];
    let mut reply = enquiry(2, 2, 20);
    reply.mention.kind = Kind::Reply;
    reply.labels.stances[0].stance = Stance::Critical;
    house.take(&[enquiry(1, 1, 0), reply, article], 1).await;
    house.deliver().await;
    let mails = delivered(house.dir.path());
    assert_eq!(mails[0].0, "case-1.alert.1@resonanz.localhost.eml");
    insta::assert_snapshot!(mails[0].1, @r"
From: Resonanz <resonanz@localhost>
To: dienst@localhost
Subject: [Resonanz] =?utf-8?b?UHLDvGZlbnN3ZXJ0OiDigJ5TdGFhdHNhbmdlaMO2?=
 =?utf-8?b?cmlna2VpdOKAnCDigJM=?= 2 =?utf-8?b?UsO8Y2tmcmFnZW4=?= und 1
 Richtigstellung in 40 Minuten
Date: Sat, 21 Nov 2026 21:40:00 +0000
Message-ID: <case-1.alert.1@resonanz.localhost>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

„Staatsangehörigkeit“: 2 Rückfragen und 1 Richtigstellung in 40 Minuten,
zuletzt Samstag, 21. November 2026, 22:40 Uhr.

Mehrere Stimmen fragen öffentlich, ob eine Behauptung stimmt, oder
widersprechen ihr. Bitte prüfen, welche Behauptung umläuft und ob sie eine
Antwort braucht.

Warum diese Mail
  Regel: Prüfenswert (flagged)
  Gezählt: 3 Erwähnungen von 3 verschiedenen Absendern
  Schwelle: ab 3 verschiedenen Absendern binnen 60 Minuten
  Fall: 1

Beispiele

1. Samstag, 21. November 2026, 22:00 Uhr
   bluesky · Beitrag
   Haltung zum Ziel: unklar
   Hinweis: Rückfrage („Stimmt das“)
   „Stimmt das mit den Pässen, BMI?“
   Resonanz: http://127.0.0.1:8080/mentions/1

2. Samstag, 21. November 2026, 22:20 Uhr
   bluesky · Antwort
   Haltung zum Ziel: kritisch
   Hinweis: Rückfrage („Stimmt das“)
   „Stimmt das mit den Pässen, BMI?“
   Resonanz: http://127.0.0.1:8080/mentions/2

3. Samstag, 21. November 2026, 22:40 Uhr
   zeitung.example · Artikel
   Haltung zum Ziel: unklar
   Hinweis: Richtigstellung
   „Ministerium widerspricht Bericht – Ein Sprecher sagte, die Zahl treffe
   nicht zu. Ein Sprecher sagte, die Zahl treffe nicht zu. Ein Sprecher
   sagte, die Zahl treffe nicht zu. Ein Sprecher sagte, die Zahl treffe
   nicht zu. Ein Sprecher sagte, die Zahl treffe nicht zu. Ein Sprecher …“
   Resonanz: http://127.0.0.1:8080/mentions/3
   Original: https://zeitung.example/artikel/1

Alle Erwähnungen dieses Suchauftrags:
http://127.0.0.1:8080/?watch=staatsangehoerigkeit

-- 
Prüfenswert heißt: Eine Tatsachenbehauptung wird bezweifelt oder
hinterfragt. Das ist keine Bewertung ihres Wahrheitsgehalts. Die Hinweise
hat das Modell lexicon-0 gesetzt; es kann irren.
Weitere Erwähnungen nimmt derselbe Fall auf, ohne neue Mail. Absender nennt
Resonanz in Mails nie. Bitte auf diese Mail nicht antworten.
");
    for name in ["Musterfrau", "erika", "0202020202", "\\u{2}"] {
        assert!(!mails[0].1.contains(name));
    }
    assert!(house.metric("resonanz_mails_total{outcome=\"accepted\"} 1"));
    assert!(house.metric("resonanz_cases_open 1"));
    assert!(house.metric("resonanz_outbox_pending 0"));
}

#[tokio::test]
async fn a_mail_can_be_english() {
    let config = Config {
        language: resonanz::desk::Language::En,
        ..config()
    };
    let house = House::new(config).await;
    let hits: Vec<Hit> = (0..15)
        .map(|n| toward(n, n as u8, 0, Stance::Critical))
        .collect();
    house.take(&hits, 15).await;
    house.deliver().await;
    let mail = &delivered(house.dir.path())[0].1;
    assert!(mail.contains("15 critical mentions in 1 minute"), "{mail}");
    assert!(
        mail.contains("Threshold: 15 different authors within 60 minutes"),
        "{mail}"
    );
    assert!(!mail.contains("Erwähnung"), "{mail}");
}

#[tokio::test]
async fn hostile_text_stays_on_its_line() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    hits[0].mention.text = "x\r\n.\r\nBcc: a@b.example\r\n\r\n2. Samstag\n\u{202E}gnp.exe \
        https://evil.example/login \u{0}\u{1b}[31m\u{2028}<b>fett</b>"
        .into();
    hits[0].mention.title = "Zeile\r\nSubject: falsch".into();
    hits[0].mention.site = "evil\r\n.example\u{2066}".into();
    hits[0].labels.flags[0].reasons[0].seen = "stimmt\r\n\r\ndas".into();
    hits[1].mention.text = "a\u{300}".repeat(100_000);
    hits[2].mention.text = "x".repeat(2_000_000);
    house.take(&hits, 3).await;
    house.deliver().await;
    let mail = &delivered(house.dir.path())[0].1;
    let (headers, body) = mail.split_once("\n\n").unwrap();
    assert_eq!(headers.matches("Subject:").count(), 1);
    assert!(!headers.contains("Bcc"));
    assert!(body.len() < 6_000, "{}", body.len());
    assert!(
        body.lines().all(|line| line.chars().count() <= 78),
        "{body}"
    );
    assert!(!body.contains("evil.example/login"));
    for line in body.lines() {
        assert!(
            !line.starts_with("Bcc") && !line.starts_with("Subject"),
            "{line}"
        );
        assert!(
            !line
                .chars()
                .any(|c| c.is_control() || ('\u{2028}'..='\u{206F}').contains(&c))
        );
    }
    assert_eq!(
        body.lines().filter(|line| line.starts_with("2. ")).count(),
        1
    );
}
