//! `[retention]`: days by class and source.

use super::*;
use resonanz::store::AuthorClass::{Private, Voice};

#[test]
fn days_go_by_source_and_class() {
    let settings = "[retention]\nprivate_days = 100\n[retention.sources.bluesky]\nvoice_days = 7\n\
         [retention.sources.archive]\nprivate_days = 30\n";
    let kept = from_files(settings, &[]).unwrap().retention;
    let days = |source| [Private, Voice].map(|class| kept.days(source, class));
    assert_eq!(days("bluesky"), [100, 7]);
    assert_eq!(days("archive"), [30, 1095], "also of a source that is off");
    assert_eq!(days("bundestag"), [100, 1095]);
    let defaults = from_variables(&[]).unwrap().retention;
    assert_eq!(defaults, resonanz::store::RetentionConfig::default());
}

#[test]
fn the_environment_sets_days_too() {
    let set = [
        ("RESONANZ__RETENTION__VOICE_DAYS", "400"),
        ("RESONANZ__RETENTION__SOURCES__BUNDESTAG__PRIVATE_DAYS", "9"),
    ];
    let kept = from_variables(&set).unwrap().retention;
    assert_eq!(kept.days("bundestag", Private), 9);
    assert_eq!(kept.days("bundestag", Voice), 400);
}

#[test]
fn wrong_days_and_names_stop_the_start() {
    let settings = r#"
        [retention]
        private_days = 0
        voice_days = "long"
        days = 3
        [retention.sources.blusky]
        private_days = 30
        [retention.sources.bluesky]
        voice_days = 0
        [retention.sources.bundestag]
        days = 1
    "#;
    assert_told(
        &faults(from_files(settings, &[])),
        &[
            ("retention.private_days", "0 would delete every mention"),
            ("retention.voice_days", "a whole number"),
            (
                "retention.days",
                "unknown key; there are retention.private_days",
            ),
            (
                "retention.sources.blusky",
                "no such source; there are archive, bluesky, bluesky-search, bundesregierung, bundestag, dip, facebook",
            ),
            ("retention.sources.bluesky.voice_days", "0 would delete"),
            ("retention.sources.bundestag", "days"),
        ],
    );
    let told = faults(from_files("[retention]\nsources = 3\n", &[]));
    assert_told(&told, &[("retention.sources", "[retention.sources.NAME]")]);
    let told = faults(from_files("[retention]\nprivate_days = -5\n", &[]));
    assert_told(&told, &[("retention.private_days", "0 or more")]);
    let one = "[retention.sources.bluesky]\nprivate_days = -5\n";
    assert_told(
        &faults(from_files(one, &[])),
        &[("retention.sources.bluesky", "")],
    );
}
