//! Pages and API through the real router: what they show, what they refuse, what they never tell.

use super::serve_access::concrete;
use super::serve_house::*;
use jiff::ToSpan;
use resonanz::model::*;
use resonanz::serve::{self, Check, Config, SearchError};

async fn house() -> House {
    House::open(Config::default()).await
}

async fn filled() -> House {
    let house = house().await;
    let critical = draft("1", "Die Grenze bleibt offen, das ist ein Skandal", 60)
        .stance(Stance::Critical, "critical word", "Skandal", -1.5)
        .flag(FlagKind::Enquiry, "enquiry phrase", "stimmt das?");
    let article = draft("2", "Der Minister sprach zur Grenze.", 30 * 60)
        .article("Grenze: was gilt", "zeitung.example")
        .stance(Stance::Neutral, "", "", 0.0);
    let other = draft("3", "Ganz anderes", 24 * 60 * 20).stance(Stance::Unclear, "", "", 0.0);
    let ids = house.memory.put(vec![critical, article, other]).await;
    house.memory.open_case("flagged", &ids[..1]).await;
    house
}

#[tokio::test]
async fn what_may_be_missing_is_said() {
    let house = filled().await;
    assert_eq!(house.get("/api/search").await.json()["whole"], true);
    assert!(!house.get("/").await.body.contains("fehlen"));
    *house.memory.whole.lock().unwrap() = false;
    assert_eq!(house.get("/api/search").await.json()["whole"], false);
    let german = house.get("/").await.body;
    assert!(german.contains("Es können Erwähnungen fehlen."));
    let english = house.get("/?lang=en").await.body;
    assert!(english.contains("Mentions may be missing."));
}

#[tokio::test]
async fn a_case_counts_only_what_is_still_there() {
    let house = filled().await;
    let counted = || async { house.get("/api/cases").await.json()["items"][0]["mentions"].clone() };
    assert_eq!(counted().await, 1);
    let mention = house.memory.store.mention(1).await.unwrap().unwrap();
    let mut tx = house.memory.store.begin().await.unwrap();
    tx.delete(&mention.key, now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counted().await, 0);
}

#[tokio::test]
async fn page_and_api_find_the_same() {
    let house = filled().await;
    let check = |query: &'static str, expected: usize| {
        let house = &house;
        async move {
            let found = house.get(&format!("/api/search?{query}")).await.json();
            assert_eq!(found["total"], expected, "{query}");
            assert_eq!(
                found["items"].as_array().unwrap().len(),
                expected,
                "{query}"
            );
            let page = house.get(&format!("/?{query}")).await;
            assert_eq!(page.status, 200);
            assert_eq!(
                page.body.matches("<article class=\"card").count(),
                expected,
                "{query}"
            );
        }
    };
    check("", 3).await;
    check("q=Grenze", 2).await;
    check("q=Grenze&stance=critical", 1).await;
    check("source=feeds", 1).await;
    check("kind=article", 1).await;
    check("watch=minister&range=24h", 1).await;
    check("since=2026-11-21&until=2026-11-21", 1).await;
    check("flag=enquiry", 1).await;
    check("flag=correction", 0).await;
    check("watch=ministry&language=en", 0).await;
}

#[tokio::test]
async fn an_item_says_what_and_why_and_never_who() {
    let house = filled().await;
    let found = house.get("/api/search?q=Grenze").await;
    insta::assert_snapshot!(format!("{:#}", found.json()["items"][0]), @r#"
    {
      "collected": "2026-11-22T06:30:00Z",
      "differs": [],
      "edited": null,
      "flags": [
        {
          "flag": "enquiry",
          "reasons": [
            {
              "rule": "enquiry phrase",
              "seen": "stimmt das?",
              "span": null,
              "weight": 0.0
            }
          ]
        }
      ],
      "highlights": [
        {
          "end": 10,
          "part": "text",
          "start": 4
        }
      ],
      "id": 1,
      "in_story": 1,
      "kind": "post",
      "lang": "de",
      "model": "lexicon-0",
      "platform": "bluesky",
      "published": "2026-11-22T06:30:00Z",
      "says": {},
      "site": "",
      "source": "bluesky",
      "stances": [
        {
          "probability": null,
          "reasons": [
            {
              "rule": "critical word",
              "seen": "Skandal",
              "span": null,
              "weight": -1.5
            }
          ],
          "stance": "critical",
          "target": "minister"
        }
      ],
      "story": 1,
      "text": "Die Grenze bleibt offen, das ist ein Skandal",
      "title": "",
      "url": null,
      "voice": null,
      "watches": [
        {
          "name": "minister",
          "target": "minister"
        }
      ]
    }
    "#);
    let article = &found.json()["items"][1];
    assert_eq!(article["voice"], "Nordkurier am Morgen");
    assert_eq!(article["url"], "https://zeitung.example/artikel/16");
    let page = house.get("/?q=Grenze").await.body;
    assert!(page.contains("privates Konto") && page.contains("Nordkurier am Morgen"));
    assert!(
        page.contains("kritisches Wort: <q dir=\"auto\">Skandal</q>"),
        "{page}"
    );
    assert!(page.contains("Die <mark>Grenze</mark> bleibt"));
    assert!(page.contains("vorläufiges Wörterbuchverfahren, nicht kalibriert"));
    assert_eq!(page.matches("Original öffnen").count(), 1);
    for path in serve::paths() {
        let body = house.get(&concrete(path)).await.body;
        assert!(!body.contains(CANARY), "{path}");
        for word in ["pseudonym", "sealed", "\"key\"", "@nam"] {
            assert!(!body.contains(word), "{path}: {word}");
        }
    }
}

#[tokio::test]
async fn a_search_goes_on_where_the_page_ended() {
    let house = house().await;
    house
        .memory
        .put((0..7).map(|n| draft(&n.to_string(), "Grenze", n)).collect())
        .await;
    let mut path = "/api/search?q=Grenze&limit=3".to_owned();
    let mut ids = Vec::new();
    loop {
        let page = house.get(&path).await.json();
        ids.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_i64().unwrap()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/search?q=Grenze&limit=3&after={next}");
    }
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
    let page = house.get("/?q=Grenze&limit=3&lang=en").await.body;
    assert!(
        page.contains("href=\"/?q=Grenze&#38;limit=3&#38;lang=en&#38;after=3\""),
        "{page}"
    );
    assert_eq!(house.get("/api/search?after=forged").await.status, 400);
}

#[tokio::test]
async fn what_cannot_be_followed_is_said() {
    let house = filled().await;
    let error = |path: &'static str| {
        let house = &house;
        async move {
            let answer = house.get(path).await;
            format!("{} {}", answer.status, answer.body)
        }
    };
    insta::assert_snapshot!(error("/api/search?q=a+)").await, @r#"400 {"error":{"code":"bad_query","end":3,"message":"This bracket closes nothing: it was not opened.","start":2}}"#);
    insta::assert_snapshot!(error("/api/search?page=2").await, @r#"400 {"error":{"code":"bad_parameter","message":"unknown parameter `page`; valid are: q, watch, source, kind, stance, flag, case, target, site, language, story, group, range, since, until, order, limit, after"}}"#);
    insta::assert_snapshot!(error("/api/search?author=x").await, @r#"400 {"error":{"code":"bad_parameter","message":"`author` is refused: Resonanz looks at statements, not at people, and cannot search, sort or export by author. Search for what was said (`q`)."}}"#);
    insta::assert_snapshot!(error("/api/mentions/999").await, @r#"404 {"error":{"code":"not_found","message":"no such mention, or not any more"}}"#);
    insta::assert_snapshot!(error("/api/mentions/x").await, @r#"404 {"error":{"code":"not_found","message":"no such mention, or not any more"}}"#);
    insta::assert_snapshot!(error("/api/nothing").await, @r#"404 {"error":{"code":"not_found","message":"there is nothing here; GET /api lists what there is"}}"#);
    let page = house.get("/?q=K%C3%B6ln+AND+)").await;
    assert_eq!(page.status, 400);
    assert!(
        page.body
            .contains("Köln AND <mark>)</mark>\n<span aria-hidden=\"true\">         ^</span>"),
        "{}",
        page.body
    );
    let page = house.get("/?author=x").await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Aussagen, nicht Personen"));
    assert_eq!(house.get("/mentions/999").await.status, 404);
    assert_eq!(house.get("/cases/999").await.status, 404);
    assert_eq!(
        house
            .get(&format!("/api/search?q={}", "x".repeat(3000)))
            .await
            .status,
        400
    );
    assert_eq!(
        house.get(&format!("/?{}", "x".repeat(9000))).await.status,
        414
    );
    let long = house.ask("POST", "/login", &[], &"x".repeat(9000)).await;
    assert_eq!(long.status, 413);
}

#[tokio::test]
async fn a_tired_archive_is_not_an_empty_one() {
    let house = filled().await;
    for (error, statuses) in [
        (SearchError::Busy, [503, 503]),
        // Of an API's 408 a program learns; a browser would ask the same again.
        (SearchError::TimedOut, [504, 408]),
        (SearchError::TooManyInCases, [400, 400]),
        (SearchError::Internal, [500, 500]),
    ] {
        *house.memory.broken.lock().unwrap() = Some(error);
        for (path, status) in ["/?q=a", "/api/search?q=a"].into_iter().zip(statuses) {
            let answer = house.get(path).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(
                answer.header("retry-after").is_empty(),
                status != 503,
                "{path}"
            );
            assert!(!answer.body.contains("Keine Erwähnung gefunden"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_best_match_can_come_first() {
    let house = house().await;
    let drafts = vec![
        draft("1", "Grenze", 1),
        draft("2", "Grenze Grenze Grenze", 2),
    ];
    house.memory.put(drafts).await;
    for (query, first) in [
        ("q=Grenze", 1),
        ("q=Grenze&order=newest", 1),
        ("q=Grenze&order=relevance", 2),
    ] {
        let found = house.get(&format!("/api/search?{query}")).await.json();
        assert_eq!(found["items"][0]["id"], first, "{query}");
    }
    let page = house.get("/?q=Grenze&order=relevance").await.body;
    assert!(page.contains("<option value=\"relevance\" selected>beste Treffer zuerst"));
}

#[tokio::test]
async fn silence_and_deafness_look_different() {
    let house = house().await;
    let heard = house.get("/?q=nichts").await.body;
    assert!(
        heard.contains("class=\"ears heard\"") && heard.contains("Alle Quellen werden gehört (2)")
    );
    assert!(heard.contains("im Archiv steht nichts"));
    let set = |sources| *house.memory.sources.lock().unwrap() = sources;
    set(vec![
        source("bluesky", Some(false)),
        source("feeds", Some(true)),
    ]);
    let deaf = house.get("/?q=nichts").await.body;
    assert!(deaf.contains("class=\"ears deaf\"") && deaf.contains("Nicht gehört: Bluesky"));
    assert!(deaf.contains("Das heißt nicht, dass nichts gesagt wurde"));
    let mut tx = house.memory.store.begin().await.unwrap();
    let (from, to) = (now() - 50.hours(), now() - 49.hours());
    tx.add_gap("bluesky", from, to, "jump").await.unwrap();
    tx.commit().await.unwrap();
    set(vec![source("bluesky", Some(true))]);
    assert!(house.get("/?q=x").await.body.contains("Das heißt nicht"));
    assert!(
        house
            .get("/?q=x&range=24h")
            .await
            .body
            .contains("im Archiv steht nichts")
    );
    set(vec![source("bluesky", None)]);
    assert!(
        house
            .get("/?q=x")
            .await
            .body
            .contains("Noch nicht verbunden: Bluesky")
    );
    set(vec![]);
    assert!(
        house
            .get("/?q=x")
            .await
            .body
            .contains("Keine Quelle eingerichtet")
    );
}

#[tokio::test]
async fn the_page_speaks_two_languages() {
    let house = filled().await;
    let english = [("accept-language", "en-GB,en;q=0.9")];
    for (path, headers, expected) in [
        ("/", &[][..], "<html lang=\"de\">"),
        ("/", &english[..], "<html lang=\"en\">"),
        ("/?lang=de", &english[..], "<html lang=\"de\">"),
        ("/?lang=en", &[][..], "href=\"/?lang=de\" lang=\"de\""),
        (
            "/?lang=en&stance=critical",
            &[][..],
            "href=\"/?stance=critical&#38;lang=de\"",
        ),
        ("/mentions/1?lang=en", &[][..], "private account"),
        ("/cases?lang=en", &[][..], "href=\"/cases/1?lang=en\""),
        ("/cases/1", &[][..], "Fall 1: Erwähnung mit Hinweis"),
        (
            "/cases/1",
            &[][..],
            "<dt>bis</dt><dd>So. 22.11.2026, 08:30 Uhr</dd>",
        ),
        (
            "/cases/1",
            &[][..],
            "<dt>strange</dt><dd>[&#34;x&#34;]</dd>",
        ),
    ] {
        let body = house.ask("GET", path, headers, "").await.body;
        assert!(body.contains(expected), "{path}: {body}");
    }
}

#[tokio::test]
async fn readiness_names_what_is_broken() {
    let house = house().await;
    assert_eq!(house.get("/readyz").await.status, 200);
    let stuck = Check {
        name: "index",
        ok: false,
        warning: false,
        detail: "900 changes behind".into(),
    };
    house.memory.checks.lock().unwrap().push(stuck);
    let answer = house.get("/readyz").await;
    assert_eq!(
        (answer.status, answer.json()["ready"].as_bool()),
        (503, Some(false))
    );
    assert_eq!(answer.json()["checks"][1]["detail"], "900 changes behind");
    assert_eq!(house.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_was_asked() {
    let house = filled().await;
    for path in [
        "/mentions/1",
        "/mentions/999",
        "/Suchwort",
        "/api/search?q=Suchwort",
    ] {
        house.get(path).await;
    }
    let text = house.get("/metrics").await.body;
    let count = |route: &str, class: &str| {
        let line =
            format!("resonanz_request_seconds_count{{route=\"{route}\",status=\"{class}\"}} ");
        let value = text.lines().find_map(|text| text.strip_prefix(&line));
        value.unwrap_or("none").to_owned()
    };
    assert_eq!(count("/mentions/{id}", "2xx"), "1");
    assert_eq!(count("/mentions/{id}", "4xx"), "1");
    assert_eq!(count("other", "4xx"), "1");
    assert_eq!(count("/cases", "2xx"), "0");
    assert!(!text.contains("Suchwort"));
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let house = house().await;
    let drafts = hostile().into_iter().enumerate().map(|(n, text)| {
        let title = text.clone();
        draft(&n.to_string(), &text, 1)
            .with(|mention| {
                mention.title = title;
                mention.site = text.clone();
                mention.url = Some(text.clone());
                mention.author = Some(Author::Voice {
                    name: text.clone(),
                    handle: text.clone(),
                    account: None,
                });
            })
            .stance(Stance::Critical, &text, &text, 1.0)
    });
    house.memory.put(drafts.collect()).await;
    let page = house.get("/?limit=100").await.body;
    // Nothing but our own elements: every one of theirs would open with a bracket.
    for foreign in [
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<style",
        "<a onmouse",
        "javascript:",
    ] {
        let mut ours = page.matches(foreign).count();
        if foreign == "javascript:" {
            ours = page.matches("href=\"javascript:").count();
        }
        assert_eq!(ours, 0, "{foreign}");
    }
    assert!(!page.contains(['\u{202E}', '\u{2066}', '\u{0}', '\u{1B}']));
    let asked = house.get("/?q=%22%3E%3Cscript%3Ealert(1").await;
    assert!(!asked.body.contains("<script"));
}

/// Texts that would run, inject, disguise or break, were they not escaped.
pub fn hostile() -> Vec<String> {
    let payloads = [
        "<script>document.title='xss'</script>",
        "\"><script>document.title='xss'</script>",
        "'><img src=x onerror=\"document.title='xss'\">",
        "</title><script>document.title='xss'</script>",
        "</textarea><svg onload=\"document.title='xss'\">",
        "<iframe srcdoc=\"<script>top.document.title='xss'</script>\"></iframe>",
        "javascript:document.title='xss'",
        "data:text/html,<script>document.title='xss'</script>",
        "<a onmouseover=\"document.title='xss'\" style=position:fixed;inset:0>x</a>",
        "</mark></p></article></ol></main><style>body{display:none}</style>",
        "{{ 7*7 }}{% include 'x' %}${7*7}",
        "&lt;script&gt;document.title='xss'&lt;/script&gt;&#60;script&#62;",
        "\u{202E}txt.exe\u{2066}\u{2067} umgedreht",
        "\u{0}\u{1B}[31m\u{9B}31mrot\u{7F}",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
        "<base href=https://evil.example><form action=https://evil.example><input name=token>",
        "<!--<script>-->--!><![CDATA[<script>document.title='xss'</script>]]>",
        "<math><mtext><table><mglyph><style><img src onerror=document.title='xss'>",
        "＜script＞ ＂onload＝ Z̸̡͛a̴l̷g̶o̵ 🏳️‍🌈 ﷽",
        "<injected-by-test>hallo</injected-by-test>",
    ];
    let wrap = ["{}", "Grenze {} Minister", "{}\n{}", "\" {}", "' {}"];
    let mut all = Vec::new();
    for around in wrap {
        for payload in payloads {
            for twist in [
                str::to_owned,
                str::to_uppercase,
                |text: &str| text.replace('<', "<<"),
                |text: &str| text.replace(' ', "\t"),
                |text: &str| format!("{text}{}", "<b>".repeat(50)),
            ] {
                all.push(around.replace("{}", &twist(payload)));
            }
        }
    }
    all
}
