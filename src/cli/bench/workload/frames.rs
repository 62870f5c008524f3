//! Frames as Jetstream sends them on its v1 wire: 62 % likes, 14 % posts, 10 % reposts, 9 % follows,
//! and what else there is; about 540 bytes each.

use super::dice::Dice;
use super::posts::Post;
use serde_json::Value;

const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
/// 2026-11-22, in microseconds.
const START: u64 = 1_795_305_600_000_000;

pub fn frames(posts: &[Post], seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut maker = Maker {
        dice: Dice::new(seed, "frames"),
        time: START,
    };
    let mut posts = posts.iter().cycle();
    (0..count)
        .map(|_| maker.frame(&mut posts).into_bytes())
        .collect()
}

struct Maker {
    dice: Dice,
    time: u64,
}

impl Maker {
    fn frame<'a>(&mut self, posts: &mut impl Iterator<Item = &'a Post>) -> String {
        self.time += self.dice.between(200, 900) as u64;
        match self.dice.below(1_000) {
            0..620 => self.liking("like"),
            620..760 => match posts.next() {
                Some(post) => self.post(post),
                None => self.liking("like"),
            },
            760..860 => self.liking("repost"),
            860..950 => self.following("app.bsky.graph.follow"),
            950..970 => self.following("app.bsky.graph.block"),
            970..990 => self.removal(),
            _ => self.account(),
        }
    }

    fn commit(&mut self, collection: &str, record: &str) -> String {
        let (did, rev, rkey, cid) = (self.did(), self.key(), self.key(), self.cid());
        format!(
            r#"{{"did":"{did}","time_us":{},"kind":"commit","commit":{{"rev":"{rev}","operation":"create","collection":"{collection}","rkey":"{rkey}","record":{record},"cid":"{cid}"}}}}"#,
            self.time
        )
    }

    fn liking(&mut self, what: &str) -> String {
        let (subject, at) = (self.reference(), self.created());
        // Every second one came by somebody else's repost.
        let via = match self.dice.chance(50) {
            true => format!(r#","via":{}"#, self.reference()),
            false => String::new(),
        };
        let collection = format!("app.bsky.feed.{what}");
        let record =
            format!(r#"{{"$type":"{collection}","createdAt":"{at}","subject":{subject}{via}}}"#);
        self.commit(&collection, &record)
    }

    fn following(&mut self, collection: &str) -> String {
        let (subject, at) = (self.did(), self.created());
        let record =
            format!(r#"{{"$type":"{collection}","createdAt":"{at}","subject":"{subject}"}}"#);
        self.commit(collection, &record)
    }

    fn post(&mut self, post: &Post) -> String {
        let mut parts = vec![format!(r#""createdAt":"{}""#, self.created())];
        match self.dice.below(10) {
            0..3 => parts.push(format!(r#""embed":{}"#, self.card())),
            3..5 => parts.push(format!(r#""embed":{}"#, self.image())),
            _ => {}
        }
        if self.dice.chance(20) {
            parts.push(format!(r#""facets":{}"#, self.facet()));
        }
        parts.push(format!(r#""langs":["{}"]"#, post.lang));
        if self.dice.chance(55) {
            let (parent, root) = (self.reference(), self.reference());
            parts.push(format!(r#""reply":{{"parent":{parent},"root":{root}}}"#));
        }
        parts.push(format!(r#""text":{}"#, Value::from(post.text.as_str())));
        let record = format!(r#"{{"$type":"app.bsky.feed.post",{}}}"#, parts.join(","));
        self.commit("app.bsky.feed.post", &record)
    }

    fn card(&mut self) -> String {
        let (thumb, page) = (self.cid(), self.key());
        format!(
            r#"{{"$type":"app.bsky.embed.external","external":{{"description":"Alles, was man zu diesem Thema wissen muss, und was noch offen ist.","thumb":{{"$type":"blob","ref":{{"$link":"{thumb}"}},"mimeType":"image/jpeg","size":119635}},"title":"Was wir wissen, und was nicht","uri":"https://www.example.org/artikel/{page}"}}}}"#
        )
    }

    fn image(&mut self) -> String {
        let image = self.cid();
        format!(
            r#"{{"$type":"app.bsky.embed.images","images":[{{"alt":"","aspectRatio":{{"height":1500,"width":2000}},"image":{{"$type":"blob","ref":{{"$link":"{image}"}},"mimeType":"image/jpeg","size":{}}}}}]}}"#,
            self.dice.between(20_000, 900_000)
        )
    }

    fn facet(&mut self) -> String {
        let page = self.key();
        format!(
            r#"[{{"features":[{{"$type":"app.bsky.richtext.facet#link","uri":"https://www.example.org/{page}"}}],"index":{{"byteEnd":24,"byteStart":0}}}}]"#
        )
    }

    fn removal(&mut self) -> String {
        let (did, rev, rkey) = (self.did(), self.key(), self.key());
        let collection = match self.dice.chance(20) {
            true => "app.bsky.feed.post",
            false => "app.bsky.feed.like",
        };
        format!(
            r#"{{"did":"{did}","time_us":{},"kind":"commit","commit":{{"rev":"{rev}","operation":"delete","collection":"{collection}","rkey":"{rkey}"}}}}"#,
            self.time
        )
    }

    fn account(&mut self) -> String {
        let (did, at) = (self.did(), self.created());
        let seq = self.dice.between(10_000_000, 99_000_000);
        format!(
            r#"{{"did":"{did}","time_us":{},"kind":"account","account":{{"active":true,"did":"{did}","seq":{seq},"time":"{}"}}}}"#,
            self.time, at
        )
    }

    fn reference(&mut self) -> String {
        let (cid, did, key) = (self.cid(), self.did(), self.key());
        format!(r#"{{"cid":"{cid}","uri":"at://{did}/app.bsky.feed.post/{key}"}}"#)
    }

    fn created(&mut self) -> String {
        let second = self.time / 1_000_000 % 86_400;
        format!(
            "2026-11-22T{:02}:{:02}:{:02}.{:03}Z",
            second / 3_600,
            second / 60 % 60,
            second % 60,
            self.dice.below(1_000)
        )
    }

    fn did(&mut self) -> String {
        self.letters("did:plc:", 24)
    }

    fn cid(&mut self) -> String {
        self.letters("bafyrei", 52)
    }

    fn key(&mut self) -> String {
        self.letters("3m", 11)
    }

    fn letters(&mut self, head: &str, count: usize) -> String {
        let mut text = head.to_owned();
        let mut bits = 0;
        for i in 0..count {
            if i % 12 == 0 {
                bits = self.dice.roll();
            }
            text.push(char::from(BASE32[(bits & 31) as usize]));
            bits >>= 5;
        }
        text
    }
}
