//! Every field and list that we ask for, held to what Meta's own library knows: its package
//! (`tests/peers/install`) is generated from the API's description. Threads is not in it.

use resonanz::collect::meta::{Network, facebook, instagram};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the library is; says aloud where it is not.
fn library() -> Option<PathBuf> {
    crate::skipped::peer("field lists of Meta's", "meta/facebook_business")
}

/// What an object of the API has: its fields, and the lists that hang on it, as `/name`.
struct Object(BTreeSet<String>);

impl Object {
    fn read(library: &Path, name: &str) -> Self {
        let file = library.join("adobjects").join(format!("{name}.py"));
        let text = fs::read_to_string(&file).unwrap();
        let fields = text.split("class Field(").nth(1).unwrap();
        let fields = fields.split("\n\n").next().unwrap();
        let quoted = |line: &str| line.split('\'').nth(1).map(str::to_owned);
        let fields = fields.lines().filter_map(quoted);
        let lists = text.lines().filter_map(|line| {
            let list = line.trim().strip_prefix("endpoint='")?;
            Some(list.split('\'').next()?.to_owned())
        });
        Self(fields.chain(lists).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// The names of a field expression: those before a brace as they are, those inside apart.
fn names(fields: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut outer, mut inner, mut depth) = (Vec::new(), Vec::new(), 0);
    for part in fields.split_inclusive([',', '{', '}']) {
        let name = part.trim_end_matches([',', '{', '}']).trim();
        if !name.is_empty() {
            match depth {
                0 => outer.push(name),
                _ => inner.push(name),
            }
        }
        depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
    }
    (outer, inner)
}

#[test]
fn every_field_that_we_ask_for_exists() {
    let Some(library) = library() else { return };
    let object = |name: &str| Object::read(&library, name);
    let check = |name: &str, fields: &str, inside: &str| {
        let (outer, inner) = names(fields);
        let (here, there) = (object(name), object(inside));
        assert!(outer.len() > 1, "{fields}");
        for field in outer {
            // A list can be asked for as a field.
            let known = here.has(field) || here.has(&format!("/{field}"));
            assert!(known, "{name} has no {field}");
        }
        for field in inner {
            assert!(there.has(field), "{inside} has no {field}");
        }
    };
    check("pagepost", facebook::POST_FIELDS, "pagepost");
    check("comment", facebook::COMMENT_FIELDS, "comment");
    check("igmedia", instagram::OWN_FIELDS, "igmedia");
    check("igmedia", instagram::TAGGED_FIELDS, "igmedia");
    check("igcomment", instagram::COMMENT_FIELDS, "igcomment");
    check(
        "igcomment",
        instagram::MENTIONED_COMMENT_FIELDS,
        "igcomment",
    );
    check("igmedia", instagram::MENTIONED_MEDIA_FIELDS, "igmedia");
    for (name, list) in [
        ("page", "/feed"),
        ("page", "/tagged"),
        ("page", "/conversations"),
        ("iguser", "/conversations"),
        ("unifiedthread", "/messages"),
        ("pagepost", "/comments"),
        ("iguser", "/media"),
        ("iguser", "/tags"),
        ("iguser", "mentioned_comment"),
        ("iguser", "mentioned_media"),
        ("igmedia", "/comments"),
    ] {
        assert!(object(name).has(list), "{name} has no {list}");
    }
    // The test can fail.
    assert!(!object("comment").has("text") && !object("igcomment").has("message"));
}

#[test]
fn the_version_is_the_librarys() {
    let Some(library) = library() else { return };
    let text = fs::read_to_string(library.join("apiconfig.py")).unwrap();
    for network in [Network::Facebook, Network::Instagram] {
        let version = format!("'API_VERSION': '{}'", network.default_version());
        assert!(text.contains(&version), "{version}");
    }
}
