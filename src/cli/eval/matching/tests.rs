use super::*;
use crate::relate::claims::Grade;
use std::io::Write;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

const REGISTER: &str = r#"{"claim_id":"wind","claim":"Windräder verbrauchen mehr Strom, als sie erzeugen."}

{"claim_id":7,"claim":"Impfungen gegen Masern verursachen Autismus.","title":"Masern","rating":"falsch"}
"#;

#[test]
fn both_shapes_of_lines_are_read() {
    let known = lines::register(file(REGISTER).path()).unwrap();
    assert_eq!(
        (known.len(), known[1].id.as_str(), known[1].more.as_str()),
        (2, "7", "Masern")
    );
    let ours = r#"{"text":"a","claim_id":"wind"}
{"text":"b","claim_id":null}
{"text":"c","claim_id":7}"#;
    let posts = lines::set(file(ours).path(), &known).unwrap();
    let claims: Vec<_> = posts.iter().map(|post| post.claims.clone()).collect();
    assert_eq!(claims, [vec![0], vec![], vec![1]]);

    let theirs = r#"{"vclaim_id":"v","vclaim":"x","title":"t","subtitle":"s"}
{"post":"p","claim":"y"}"#;
    let known = lines::register(file(theirs).path());
    let known = known.unwrap();
    assert_eq!((known[0].id.as_str(), known[1].id.as_str()), ("v", "y"));
    assert_eq!(known[0].more, "t\ns");
    let set = r#"{"text":"a","gold":["v","y"]}
{"post":"b","claim":"y"}"#;
    let posts = lines::set(file(set).path(), &known).unwrap();
    assert_eq!(
        (posts[0].claims.clone(), posts[1].claims.clone()),
        (vec![0, 1], vec![1])
    );
}

#[track_caller]
fn refused(register: &str, set: &str, expected: &str) {
    let read = || -> anyhow::Result<Vec<Post>> {
        let known = lines::register(file(register).path())?;
        lines::set(file(set).path(), &known)
    };
    let error = read().unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_bad_line_is_told_with_its_number_and_what_belongs_there() {
    let post = r#"{"text":"a","claim_id":"wind"}"#;
    refused("{\"claim\":\"x\"}\n{", post, "line 2: EOF");
    refused(
        "{\"claim\":\"x\"}\n[1]",
        post,
        "line 2: no object; a line of a register is",
    );
    refused(r#"{"claim_id":"x"}"#, post, "line 1: no `claim`");
    let twice = r#"{"claim_id":"x","claim":"a"}
{"claim_id":"x","claim":"b"}"#;
    refused(twice, post, "line 2: `x` stands there twice");
    refused("\n", post, "there is no line in it");
    refused(
        REGISTER,
        r#"{"text":"a"}"#,
        "line 1: no `claim_id`; a line of a set is",
    );
    refused(REGISTER, "\n{\"claim_id\":null}", "line 2: no `text`");
    refused(
        REGISTER,
        r#"{"text":"a","claim_id":"sun"}"#,
        "line 1: `sun` is not in the register",
    );
}

fn outcome(claims: usize, right: &[bool], probability: f32, grade: Option<Grade>) -> Outcome {
    Outcome {
        claims,
        right: right.to_vec(),
        probability,
        grade,
    }
}

fn figure(report: &Report, name: &str) -> Option<Figure> {
    report.figures.iter().find(|one| one.0 == name).unwrap().1
}

#[test]
fn figures_are_what_they_say() {
    let mut outcomes = vec![
        outcome(1, &[true, false], 0.9, Some(Grade::Confirmed)),
        outcome(1, &[false, true], 0.6, Some(Grade::Suggested)),
        outcome(2, &[true, false, true], 0.15, None),
        outcome(1, &[], 0.0, None),
    ];
    // Of two hundred that repeat none, two come above .1 and one above .2.
    outcomes.extend((0..200).map(|n| match n {
        0 => outcome(0, &[false], 0.7, Some(Grade::Suggested)),
        1 | 2 => outcome(0, &[false], 0.2, None),
        _ => outcome(0, &[false], 0.1, None),
    }));
    let report = Report::new(3, &outcomes, 1.0, 1);
    assert_eq!((report.posts, report.with_claim), (204, 4));
    let value = |name| figure(&report, name).map(|figure| figure.value);
    let precision = (1.0 + 0.5 + (1.0 + 2.0 / 3.0) / 2.0) / 4.0;
    assert!((value("MAP@5").unwrap() - precision).abs() < 1e-9);
    assert_eq!(value("R@1"), Some(0.5));
    assert_eq!(value("R@5"), Some(0.75));
    // Two false alarms are allowed: the third highest, .2, is no alarm any more.
    assert_eq!(value("recall at 1 % false alarms"), Some(0.25));
    assert_eq!(
        value("recall at 0.1 % false alarms"),
        None,
        "too few posts to tell"
    );
    assert_eq!(value("precision, suggested"), Some(1.0 / 3.0));
    assert_eq!(value("recall, suggested"), Some(0.25));
    assert_eq!(value("precision, confirmed"), Some(1.0));
    let figure = figure(&report, "R@1").unwrap();
    assert!(figure.low < 0.5 && figure.high > 0.5, "{figure:?}");
    let again = Report::new(3, &outcomes, 1.0, 1);
    assert_eq!(report.figures, again.figures, "the same draws");
    assert!(table(&report).iter().any(|row| row[1] == "–"));
}

#[test]
fn a_register_is_asked() {
    let known = lines::register(file(REGISTER).path()).unwrap();
    let set = r#"{"text":"So ein Windrad frisst doch mehr Strom als es erzeugt","claim_id":"wind"}
{"text":"Masern Impfungen verursachen doch Autismus","claim_id":7}
{"text":"Heute bleibt es trocken","claim_id":null}"#;
    let posts = lines::set(file(set).path(), &known).unwrap();
    let report = measured(&known, &posts);
    assert_eq!((report.entries, report.posts), (2, 3));
    assert_eq!(figure(&report, "R@1").unwrap().value, 1.0);
    assert!(report.bytes_an_entry > 0 && report.posts_a_second > 0.0);
}
