//! Who may come in: every route is closed by default, and every answer carries its headers.

use super::serve_house::*;
use resonanz::serve::{self, Config, Secret};

async fn house() -> House {
    House::open(Config::default()).await
}

async fn guarded() -> House {
    let config = Config {
        token: Some(Secret(TOKEN.into())),
        ..Config::default()
    };
    House::open(config).await
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

/// A path of a route's template.
pub fn concrete(path: &str) -> String {
    path.replace("{id}", "1").replace("{name}", "x")
}

#[tokio::test]
async fn every_route_is_closed_without_the_token() {
    let house = guarded().await;
    house
        .memory
        .put(vec![draft("1", "Geheimwort Grenze", 1)])
        .await;
    let strange = [
        "/nothing",
        "/api/nothing",
        "//",
        "/api//search",
        "/%2e%2e/metrics",
        "/METRICS",
        "/healthz/",
    ];
    let paths = serve::paths()
        .into_iter()
        .map(concrete)
        .chain(strange.map(str::to_owned));
    for path in paths {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = house.ask(method, &path, &[], "").await;
            let open = serve::OPEN.contains(&path.as_str());
            let refused = matches!(answer.status, 401 | 403 | 303);
            assert!(open || refused, "{method} {path}: {}", answer.status);
            assert!(!answer.body.contains("Geheimwort"), "{method} {path}");
        }
    }
    for forged in [
        "Bearer wrong",
        "Bearer",
        "Basic YTpi",
        "bearer ",
        "Bearer a-test-token-of-32-characters-o",
    ] {
        assert_eq!(
            house
                .ask("GET", "/api", &[("authorization", forged)], "")
                .await
                .status,
            401
        );
    }
    let forged = [
        ("cookie", "resonanz_session=9999999999.00"),
        ("x-forwarded-for", "127.0.0.1"),
    ];
    assert_eq!(house.ask("GET", "/api", &forged, "").await.status, 401);
    for path in ["/", "/api/search", "/metrics", "/readyz", "/mentions/1"] {
        let answer = house
            .ask("GET", path, &[("authorization", &bearer())], "")
            .await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn people_sign_in_once() {
    let house = guarded().await;
    let sent = house.get("/cases?lang=en").await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (303, "/login?next=%2Fcases%3Flang%3Den")
    );
    let form = house.get(sent.header("location")).await;
    assert!(form.body.contains("value=\"/cases?lang=en\""));
    let body = format!("token={TOKEN}&next=/cases?lang=en");
    let signed = house.ask("POST", "/login", &[], &body).await;
    assert_eq!(
        (signed.status, signed.header("location")),
        (303, "/cases?lang=en")
    );
    let cookie = signed.header("set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(
        house
            .ask("GET", "/cases", &[("cookie", cookie)], "")
            .await
            .status,
        200
    );
    let foreign = [("cookie", cookie), ("sec-fetch-site", "cross-site")];
    assert_eq!(house.ask("POST", "/logout", &foreign, "").await.status, 403);
    let out = house
        .ask("POST", "/logout", &[("cookie", cookie)], "")
        .await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn wrong_tokens_run_out() {
    let house = guarded().await;
    for _ in 0..10 {
        assert_eq!(
            house.ask("POST", "/login", &[], "token=wrong").await.status,
            401
        );
    }
    let body = format!("token={TOKEN}");
    let late = house.ask("POST", "/login", &[], &body).await;
    assert_eq!((late.status, late.header("set-cookie")), (429, ""));
    // Whoever has the token is not locked out.
    let program = house
        .ask("GET", "/api", &[("authorization", &bearer())], "")
        .await;
    assert_eq!(program.status, 200);
}

#[tokio::test]
async fn without_a_token_only_names_of_this_machine_are_answered() {
    let house = house().await;
    assert_eq!(house.get("/").await.status, 200);
    for host in ["evil.example", "resonanz.example:8080", ""] {
        for path in ["/", "/api/search", "/metrics", "/nothing"] {
            let answer = house.ask("GET", path, &[("host", host)], "").await;
            assert_eq!(answer.status, 403, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let house = house().await;
    let paths = serve::paths()
        .into_iter()
        .map(concrete)
        .chain(["/nothing".to_owned()]);
    for path in paths {
        let answer = house.get(&path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let kept = matches!(path.as_str(), "/style.css" | "/favicon.svg");
        assert_eq!(
            answer.header("cache-control") == "no-store",
            !kept,
            "{path}"
        );
    }
}
