//! From foreign items to mentions: plain text, one canonical form, and no private person in it.

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use resonanz::model::{Author, Item, Kind, Mention, RawAuthor};
use resonanz::normalise::{Context, MAX_TEXT_BYTES, MAX_TITLE_BYTES, NormaliseError, normalise};
use resonanz::privacy::{Keys, Voice, Voices};

fn keys() -> Keys {
    Keys::from_secret([7; 32])
}

fn voices() -> Voices {
    let voice = Voice {
        name: "Bundesministerium des Innern".into(),
        handles: vec![
            "BMI_Bund".into(),
            "did:plc:amt".into(),
            "bmi.example".into(),
        ],
        reason: "own account".into(),
        approver: "Leitung Presse".into(),
        expires: "2027-01-01".parse().unwrap(),
        official: false,
    };
    Voices::new(&[voice], "2026-11-23".parse().unwrap())
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn normalised(item: Item) -> Result<Mention, NormaliseError> {
    let (keys, voices) = (keys(), voices());
    let context = Context {
        source: "test",
        keys: &keys,
        voices: &voices,
        collected: now(),
    };
    normalise(item, &context)
}

fn mention(item: Item) -> Mention {
    normalised(item).unwrap()
}

fn post(text: &str) -> Item {
    let mut item = Item::new(
        "bluesky",
        "at://did:plc:anna/app.bsky.feed.post/3k",
        Kind::Post,
    );
    item.text = text.to_owned();
    item
}

fn article(html: &str) -> Item {
    let mut item = Item::new("web", "https://zeitung.example/1", Kind::Article);
    item.html = html.to_owned();
    item.url = Some("https://www.zeitung.example/1?utm_source=rss#ref=rss".to_owned());
    item.site = Some("www.Zeitung.example".to_owned());
    item
}

fn check(text: &str, expected: &str) {
    assert_eq!(mention(post(text)).text, expected, "of {text:?}");
}

#[test]
fn text_has_one_form() {
    let composed = mention(post("Köln grüßt"));
    let decomposed = mention(post("Ko\u{308}ln gru\u{308}ßt"));
    assert_eq!(composed.text, decomposed.text);
    check(
        "Die\u{202e} Minis\u{ad}terin\u{2066}\u{200b} sagt",
        "Die Ministerin sagt",
    );
    check("a \t b\r\n\r\n c\0d", "a b\ncd");
}

#[test]
fn html_becomes_text_and_links() {
    let html = "<p>Die <b>Ministerin</b> &amp; das Amt</p><script>alert('x')</script><style>p{}</style>\
                <p>sagen <a href='https://Amt.example:443/faq?fbclid=1#x'>mehr</a>, \
                <a href='https://bsky.app/profile/anna.example'>Anna</a>, <a href='/x'>x</a>";
    let mention = mention(article(html));
    assert_eq!(
        mention.text,
        "Die Ministerin & das Amt\nsagen mehr, Anna, x"
    );
    assert_eq!(mention.links, ["https://amt.example/faq"]);
    assert_eq!(
        mention.url.as_deref(),
        Some("https://www.zeitung.example/1")
    );
    assert_eq!(
        (mention.site.as_str(), mention.author),
        ("zeitung.example", None)
    );
    assert_eq!(mention.sealed, None);
}

#[test]
fn an_item_may_have_no_words_but_not_no_identity() {
    for item in [
        post(""),
        post(" \u{200b}\u{202e}\n"),
        article("<script>x</script><br>"),
    ] {
        let mention = normalised(item).unwrap();
        assert_eq!((mention.title.as_str(), mention.text.as_str()), ("", ""));
    }
    let mut nameless = post("Text");
    nameless.id.clear();
    assert!(matches!(
        normalised(nameless),
        Err(NormaliseError::NoIdentity)
    ));
    let mut titled = post("");
    titled.title = Some(" Nur\n ein Titel ".to_owned());
    assert_eq!(mention(titled).title, "Nur ein Titel");
}

#[test]
fn times_are_believed_within_reason() {
    let check = |published: Option<&str>, expected: &str| {
        let mut item = post("Text");
        item.published = published.map(|text| text.parse().unwrap());
        item.edited = item.published;
        let mention = mention(item);
        assert_eq!(
            mention.published,
            expected.parse().unwrap(),
            "{published:?}"
        );
        assert!(mention.edited.is_none_or(|at| at <= now() + 10.minutes()));
    };
    check(Some("2026-11-20T08:00:00Z"), "2026-11-20T08:00:00Z");
    check(Some("2026-11-23T12:09:00Z"), "2026-11-23T12:09:00Z");
    check(Some("2026-11-23T12:11:00Z"), "2026-11-23T12:00:00Z");
    check(Some("2999-01-01T00:00:00Z"), "2026-11-23T12:00:00Z");
    check(None, "2026-11-23T12:00:00Z");
}

#[test]
fn length_is_bounded() {
    let mut item = post(&"ä ".repeat(100_000));
    item.title = Some("ü".repeat(10_000));
    item.links = (0..500).map(|n| format!("https://a.example/{n}")).collect();
    let mention = mention(item);
    assert!(mention.text.len() <= MAX_TEXT_BYTES && mention.text.len() > MAX_TEXT_BYTES - 4);
    assert!(mention.title.len() <= MAX_TITLE_BYTES);
    assert_eq!(mention.links.len(), 50);
    // Half a handle at the cut is masked like a whole one.
    let text = format!("{}@anna.example", "x ".repeat(MAX_TEXT_BYTES / 2 - 3));
    assert!(!self::mention(post(&text)).text.contains("@an"));
}

#[test]
fn languages() {
    let german = "Die Grenzkontrollen werden verlängert, sagt das Ministerium.";
    assert_eq!(mention(post(german)).lang, "de");
    let mut stated = post(german);
    stated.lang = Some("EN-gb".to_owned());
    assert_eq!(mention(stated).lang, "en");
    // As feeds state it.
    for lang in ["de-de", "de_AT", " DE "] {
        let mut stated = post("Stimmt das?");
        stated.lang = Some(lang.to_owned());
        assert_eq!(mention(stated).lang, "de");
    }
    let mut headline = post("");
    headline.title = Some(german.to_owned());
    assert_eq!(mention(headline).lang, "de");
    assert_eq!(mention(post("Stimmt das?")).lang, "");
}

/// A private author with all that could give the person away, in every field that there is.
fn private(kind: Kind, platform: &str) -> Item {
    let mut item = Item::new(
        platform,
        "at://did:plc:anna7/app.bsky.feed.post/3kgeheim",
        kind,
    );
    item.author = Some(RawAuthor {
        id: "did:plc:anna7".to_owned(),
        handle: Some("anna.geheim.example".to_owned()),
        name: Some("Anna Geheimniskrämerin".to_owned()),
    });
    item.title = Some("Von @anna.geheim.example und @bert@geheim.example".to_owned());
    item.text = "Ich (anna.geheim.example, @anna.geheim.example, ＠bert_geheim, \
        @an\u{200b}na.geheim.example, @be\u{200d}rt.geheim, did:plc:anna7, anna@post.geheim) sehe \
        https://bsky.app/profile/anna.geheim.example/post/3kgeheim, bsky.app/profile/geheim… und \
        https://x.com/bert_geheim, https://social.example/@bert_geheim/1, \
        https://social.example/%40geheim, at://did:plc:geheim/app.bsky.feed.post/3kgeheim, \
        bsky.app/pro\u{200b}file/geheim.example, at:\u{2060}//did:plc:geheim/x, \
        (Profil:bsky.app/profile/geheim.example), did:web:geheim.example und geheim.bsky.social; danke @BMI_Bund!"
        .to_owned();
    item.url = Some("https://bsky.app/profile/anna.geheim.example/post/3kgeheim".to_owned());
    item.reply_to = Some("at://did:plc:geheim/app.bsky.feed.post/1".to_owned());
    item.links = vec![
        "https://bsky.app/profile/did:plc:anna7".to_owned(),
        "https://bsky.app/profile/geheim.example".to_owned(),
        "https://social.example/@geheim".to_owned(),
        "https://social.example/users/geheim".to_owned(),
        "https://www.instagram.com/geheim/".to_owned(),
        "https://user:geheim@a.example/".to_owned(),
        "at://did:plc:geheim/x".to_owned(),
        "mailto:geheim@post.example".to_owned(),
        "https://amt.example/#geheim".to_owned(),
    ];
    item
}

#[test]
fn no_private_person_is_in_a_mention() {
    for kind in Kind::ALL {
        for (platform, site) in [("bluesky", None), ("web", Some("zeitung.example"))] {
            let mut item = private(kind, platform);
            item.site = site.map(str::to_owned);
            let mention = mention(item);
            let printed = format!("{mention:#?}").to_lowercase();
            for trace in ["geheim", "anna", "bert", "krämerin", "did:plc", "3kgeheim"] {
                assert!(!printed.contains(trace), "{kind:?}: {trace} in {printed}");
            }
            assert_eq!(mention.url, None);
            assert!(matches!(mention.author, Some(Author::Private { .. })));
            let identity = keys()
                .open(&mention.key, mention.sealed.as_ref().unwrap())
                .unwrap();
            assert_eq!(identity.handle.as_deref(), Some("anna.geheim.example"));
            assert_eq!(
                identity.native_id,
                "at://did:plc:anna7/app.bsky.feed.post/3kgeheim"
            );
            assert!(identity.url.is_some() && identity.name.is_some());
            // What was said to the house alone lies with who said it.
            let is_letter = kind == Kind::Message;
            assert_eq!(mention.text.is_empty(), is_letter);
            let words = identity.text.unwrap_or(mention.text);
            assert!(words.contains("danke @BMI_Bund!"), "{words}");
            let links: &[&str] = match is_letter {
                true => &[],
                false => &["https://a.example/", "https://amt.example/"],
            };
            assert_eq!(mention.links, links);
        }
    }
}

#[test]
fn a_byline_is_sealed_and_the_article_stays_public() {
    let mut item = article("<p>Text</p>");
    item.author = Some(RawAuthor {
        id: "Max M".into(),
        handle: None,
        name: Some("Max M".into()),
    });
    let mention = mention(item);
    assert_eq!(
        mention.url.as_deref(),
        Some("https://www.zeitung.example/1")
    );
    assert!(matches!(mention.author, Some(Author::Private { .. })) && mention.sealed.is_some());
    assert!(!format!("{mention:?}").contains("Max M"));
    // An address that leads through an account is somebody's.
    let mut blog = article("<p>Text</p>");
    blog.url = Some("https://blog.example/@anna/1".to_owned());
    let mention = self::mention(blog);
    assert!(mention.url.is_none() && mention.sealed.is_some());
}

#[test]
fn voices_are_named_by_account_or_by_site() {
    let mut by_id = private(Kind::Post, "bluesky");
    by_id.author.as_mut().unwrap().id = "did:plc:amt".to_owned();
    let mention = mention(by_id);
    assert!(matches!(&mention.author, Some(Author::Voice { name, .. }) if name.contains("Innern")));
    assert!(mention.url.is_some() && mention.sealed.is_none());
    // A site on the list speaks for its articles; whoever signed one is not its handle.
    let mut by_site = private(Kind::Article, "web");
    by_site.site = Some("bmi.example".to_owned());
    by_site.url = Some("https://www.bmi.example/faq".to_owned());
    let mention = self::mention(by_site);
    let expected = Author::Voice {
        name: "Bundesministerium des Innern".into(),
        handle: "".into(),
        account: None,
    };
    assert_eq!(mention.author, Some(expected));
    // Not for what people write below them.
    let mut comment = private(Kind::Comment, "web");
    comment.site = Some("bmi.example".to_owned());
    assert!(matches!(
        self::mention(comment).author,
        Some(Author::Private { .. })
    ));
}

#[test]
fn answers_find_what_they_answer() {
    let mut answer = post("Nein");
    answer.reply_to = Some(post("x").id);
    assert_eq!(mention(answer).reply_to, Some(mention(post("x")).key));
}

fn again(mention: &Mention) -> Mention {
    let mut item = Item::new("bluesky", "at://x", Kind::Post);
    item.title = Some(mention.title.clone());
    item.text = mention.text.clone();
    item.links = mention.links.clone();
    self::mention(item)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// What the store holds can go through once more (a re-import, a re-reading of the archive).
    #[test]
    fn normalising_twice_changes_nothing(
        text in "([a-zß@＠./:\\[\\]\n\u{301}\u{200d}\u{202e}❤]|https://|x\\.com/|@[a-z]{1,3}| ){1,40}",
        title in "\\PC{0,30}",
        html in any::<bool>(),
    ) {
        let mut item = post(if html { "" } else { &text });
        item.html = if html { text.clone() } else { String::new() };
        item.title = Some(title);
        if let Ok(once) = normalised(item) {
            let twice = again(&once);
            prop_assert_eq!(&twice.text, &once.text);
            prop_assert_eq!(&twice.title, &once.title);
            prop_assert_eq!(&twice.links, &once.links);
        }
    }

    #[test]
    fn what_begins_like_a_tag_does_not_come_out(html in "(<[a-z/!]{1,3}|script|>|\"|'|=|-->|]]>|<!\\[CDATA\\[|x| ){0,60}") {
        let once = resonanz::text::markup::strip(&html).text;
        // What CDATA holds is text as it stands; everything else that begins like a tag is one.
        prop_assert!(html.contains("CDATA") || !once.contains("<script"), "{}", once);
    }
}
