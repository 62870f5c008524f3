//! Fixture folders, whole, cut and spoilt; and what no source starts without.

use super::{ACCOUNT, settings, token_file};
use crate::fixtures::{cases, check_folder, input, read};
use resonanz::collect::meta::{Meta, MetaConfig, Network};
use resonanz::collect::{self, Recorded, SourceConfig};

const KINDS: [(Recorded, &str); 3] = [
    (Recorded::Facebook, "facebook"),
    (Recorded::Instagram, "instagram"),
    (Recorded::Threads, "threads"),
];

#[test]
fn what_meta_says_is_read() {
    for (kind, name) in KINDS {
        check_folder(kind, name);
    }
}

#[test]
fn cut_and_spoilt_bytes_panic_nowhere() {
    for (kind, name) in KINDS {
        for case in cases(name) {
            let whole = input(&case);
            for end in 0..whole.len() {
                read(kind, &whole[..end]);
                for turned in [0x01, 0x11, 0x80] {
                    let mut spoilt = whole.clone();
                    spoilt[end] ^= turned;
                    read(kind, &spoilt);
                }
            }
        }
        for odd in ["[".repeat(200_000), "{\"data\":[".repeat(50_000)] {
            let lines = read(kind, odd.as_bytes());
            assert!(
                lines.iter().all(|line| line.starts_with("refused: ")),
                "{name}"
            );
        }
    }
}

#[test]
fn nothing_starts_without_a_recorded_permission() {
    let good = settings("https://graph.facebook.com");
    let secret = || Some(token_file());
    let check = |network, config: MetaConfig, words: &str| {
        let error = Meta::new("meta", network, &config).map(drop).unwrap_err();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("kein-zugang"), "{error}");
    };
    let with = |change: fn(&mut MetaConfig)| {
        let mut config = good.clone();
        change(&mut config);
        config
    };
    for network in [Network::Facebook, Network::Instagram, Network::Threads] {
        assert!(Meta::new("meta", network, &good).is_ok());
        check(network, MetaConfig::default(), "permission");
        check(
            network,
            with(|c| c.permission_by.clear()),
            "`permission_by`",
        );
        check(
            network,
            with(|c| c.permission_on = "neulich".into()),
            "permission",
        );
        check(network, with(|c| c.permission_link.clear()), "permission");
        check(network, with(|c| c.account = "../me".into()), "`account`");
        check(network, with(|c| c.account.clear()), "`account`");
        check(
            network,
            with(|c| c.token_file = "/nirgends".into()),
            "`token_file`",
        );
        check(network, with(|c| c.every_secs = 59), "`every_secs`");
        check(network, with(|c| c.window_days = 0), "`window_days`");
        check(network, with(|c| c.max_posts = 0), "`max_posts`");
        check(network, with(|c| c.url = Some("ftp://x".into())), "`url`");
        check(network, with(|c| c.push = true), "`app_secret_file`");
        let push = MetaConfig {
            push: true,
            app_secret_file: secret(),
            ..good.clone()
        };
        check(network, push.clone(), "`verify_token_file`");
        let push = MetaConfig {
            verify_token_file: secret(),
            ..push
        };
        assert!(Meta::new("meta", network, &push).is_ok());
    }
    let searching = with(|c| c.queries = vec!["Grenze".into()]);
    check(Network::Facebook, searching.clone(), "`queries`");
    assert!(Meta::new("meta", Network::Threads, &searching).is_ok());
    check(
        Network::Threads,
        with(|c| c.queries = vec![" ".into()]),
        "`queries`",
    );
    // As the house builds it.
    let built = collect::build("meta", &SourceConfig::Facebook(MetaConfig::default()));
    let error = built.map(drop).unwrap_err().to_string();
    assert!(error.contains("permission_link"), "{error}");
    assert_eq!(good.account, ACCOUNT);
}
