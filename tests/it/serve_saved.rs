//! Saved searches on the page and over the API.

use super::serve_house::*;
use resonanz::serve::{Config, Secret};
use resonanz::store::{MAX_SAVED, SavedChange, Saving};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

async fn house() -> House {
    let house = House::open(Config::default()).await;
    house
        .memory
        .put(vec![draft("1", "Grenze", 1), draft("2", "Stau", 2)])
        .await;
    house
}

#[tokio::test]
async fn a_search_is_saved_by_a_form_and_found_again() {
    let house = house().await;
    let page = house
        .get("/?q=Grenze&stance=critical&order=oldest")
        .await
        .body;
    assert!(page.contains("Noch ist keine Suche gespeichert."), "{page}");
    let search = "q=Grenze&#38;stance=critical&#38;order=oldest";
    assert!(
        page.contains(&format!("name=\"search\" value=\"{search}\"")),
        "{page}"
    );
    let body = "do=save&name=Grenze+%3Ckritisch%3E&search=q%3DGrenze%26stance%3Dcritical%26after%3Dx%26lang%3Den";
    let saved = house.ask("POST", "/saved", &FORM, body).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    assert!(
        saved
            .header("location")
            .starts_with("/?q=Grenze&stance=critical"),
        "{saved:?}"
    );
    let page = house.get("/?lang=en").await.body;
    assert!(
        page.contains("<a href=\"/?q=Grenze&#38;stance=critical&#38;lang=en\" dir=\"auto\">Grenze &#60;kritisch&#62;</a>"),
        "{page}"
    );
    assert!(page.contains("Saved searches (1)") && !page.contains("<kritisch>"));
    let renamed = "do=rename&name=Grenze+%3Ckritisch%3E&to=Grenze&search=";
    assert_eq!(
        house.ask("POST", "/saved", &FORM, renamed).await.status,
        303
    );
    let listed = house.get("/api/saved").await.json();
    assert_eq!(listed["items"][0]["name"], "Grenze");
    assert_eq!(
        listed["items"][0]["search"],
        "/api/search?q=Grenze&stance=critical"
    );
    let gone = "do=delete&name=Grenze&search=";
    assert_eq!(house.ask("POST", "/saved", &FORM, gone).await.status, 303);
    assert_eq!(house.ask("POST", "/saved", &FORM, gone).await.status, 404);
    assert_eq!(
        house.get("/api/saved").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn nothing_is_saved_that_could_not_be_asked() {
    let house = house().await;
    let long = "x".repeat(81);
    let cases = [
        ("do=save&name=a&search=author%3Dsomeone", "Personen"),
        ("do=save&name=a&search=handle%3Dsomeone", "Personen"),
        ("do=save&name=a&search=stance%3Dangry", "supportive"),
        ("do=save&name=a&search=q%3Da%2BAND", "AND"),
        ("do=save&name=&search=q%3Da", "sichtbare Zeichen"),
        ("do=save&name=%E2%80%8B&search=q%3Da", "sichtbare Zeichen"),
        (
            &format!("do=save&name={long}&search=q%3Da"),
            "sichtbare Zeichen",
        ),
        ("do=burn&name=a&search=", "nicht ausgeführt"),
    ];
    for (body, told) in cases {
        let answer = house.ask("POST", "/saved", &FORM, body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.body.contains(told), "{body}: {}", answer.body);
    }
    for (body, code) in [
        (
            r#"{"name":"a","parameters":"pseudonym=1"}"#,
            "bad_parameter",
        ),
        (r#"{"name":"a","parameters":"q=a+AND"}"#, "bad_query"),
        (r#"{"name":"","parameters":"q=a"}"#, "bad_request"),
        (r#"{"name":"a"}"#, "bad_request"),
        (
            r#"{"name":"a","parameters":"q=a","owner":"x"}"#,
            "bad_request",
        ),
    ] {
        let answer = house.ask("POST", "/api/saved", &[], body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
    }
    // A form of another site changes nothing.
    let foreign = [FORM[0], ("sec-fetch-site", "cross-site")];
    let answer = house
        .ask("POST", "/saved", &foreign, "do=save&name=a&search=")
        .await;
    assert_eq!(answer.status, 403);
    let away = "do=save&name=b&search=%2F%2Fevil.example%2F%0D%0Ax%3Dy";
    assert_eq!(house.ask("POST", "/saved", &FORM, away).await.status, 400);
    let away = "do=delete&name=b&search=%2F%2Fevil.example";
    assert_eq!(house.ask("POST", "/saved", &FORM, away).await.status, 404);
    assert!(
        house
            .memory
            .store
            .saved_searches()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_api_saves_renames_and_deletes() {
    let house = house().await;
    let new = r#"{"name":"Woche / Grenze","parameters":"?range=7d&q=Grenze&limit=25"}"#;
    assert_eq!(house.ask("POST", "/api/saved", &[], new).await.status, 400);
    let new = r#"{"name":"Woche / Grenze","parameters":"range=7d&q=Grenze&limit=25"}"#;
    assert_eq!(house.ask("POST", "/api/saved", &[], new).await.status, 200);
    let again = house.ask("POST", "/api/saved", &[], new).await;
    assert_eq!(
        (again.status, again.json()["error"]["code"].as_str()),
        (409, Some("name_taken"))
    );
    assert_eq!(
        house.get("/api/saved").await.json()["items"][0]["parameters"],
        "q=Grenze&range=7d"
    );
    let at = "/api/saved/Woche%20%2F%20Grenze";
    let renamed = house.ask("POST", at, &[], r#"{"name":"Woche"}"#).await;
    assert_eq!(renamed.status, 200, "{renamed:?}");
    assert_eq!(house.ask("DELETE", at, &[], "").await.status, 404);
    assert_eq!(
        house
            .ask("DELETE", "/api/saved/Woche", &[], "")
            .await
            .status,
        200
    );
    let store = &house.memory.store;
    let save = async |number: i64| {
        let change = SavedChange::Save {
            name: number.to_string(),
            parameters: String::new(),
        };
        store.change_saved(&change, now()).await.unwrap()
    };
    for number in 0..MAX_SAVED {
        assert_eq!(save(number).await, Saving::Done);
    }
    assert_eq!(save(MAX_SAVED).await, Saving::Full);
    assert_eq!(house.ask("POST", "/api/saved", &[], new).await.status, 409);
    assert_eq!(house.get("/").await.status, 200);
}

/// The longest search fits through the form, whatever its letters.
#[tokio::test]
async fn the_longest_search_can_be_saved() {
    let house = House::open(Config {
        token: Some(Secret(TOKEN.into())),
        ..Config::default()
    })
    .await;
    let query = vec!["ü".repeat(16); 56].join(" OR ");
    assert!((2_000..=2_048).contains(&query.len()), "{}", query.len());
    let once: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", &query)
        .finish();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("do", "save"), ("name", "lang"), ("search", &once)])
        .finish();
    let bearer = format!("Bearer {TOKEN}");
    let closed = house.ask("POST", "/saved", &FORM, &body).await;
    assert_eq!(closed.status, 401);
    let headers = [FORM[0], ("authorization", bearer.as_str())];
    let saved = house.ask("POST", "/saved", &headers, &body).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    assert_eq!(
        house.memory.store.saved_searches().await.unwrap()[0].parameters,
        once
    );
    let back = house.ask(
        "GET",
        saved.header("location").trim_end_matches("#saved"),
        &headers[1..],
        "",
    );
    assert_eq!(back.await.status, 200);
}
