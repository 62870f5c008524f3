//! `eval`: the numbers on a set of judged statements.

use super::*;

const SET: &str = r#"
{"text":"Der Innenminister ist eine Katastrophe und unfähig.","target":"minister","stance":"critical","id":7}
{"text":"Danke, Herr Minister, hervorragende Arbeit, völlig richtig!","target":"minister","stance":"supportive"}

{"text":"Dobrindt besucht am Montag Passau.","target":"minister","stance":"neutral","kind":"article","lang":"de"}
{"text":"Der Bürgermeister ist eine Katastrophe.","target":"<b>Bürgermeister</b>","stance":"critical"}
"#;

#[test]
fn a_set_gives_its_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let set = written(&dir, "<i>set.jsonl", SET);
    let eval = |format: &str| {
        let done = run(&[
            "eval", "stance", "--set", &set, "--model", "lexicon", "--format", format,
        ]);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
        done
    };
    let json = eval("json").rows().remove(0);
    assert_eq!(json["statements"], 4, "{json}");
    let confusion = json["confusion"].as_array().unwrap();
    let cells = confusion.iter().flat_map(|row| row.as_array().unwrap());
    assert_eq!(cells.map(|cell| cell.as_u64().unwrap()).sum::<u64>(), 4);
    // Order: supportive, critical, neutral, unclear.
    assert_eq!(json["confusion"][1][1], 2, "both are seen: {json}");
    assert_eq!(json["confusion"][0][0], 1, "{json}");
    let interval = json["macro_f1_interval"].as_array().unwrap();
    assert!(interval[0].as_f64() <= json["macro_f1"].as_f64());
    let targets: Vec<&str> = json["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["<b>Bürgermeister</b>", "minister"]);
    assert_eq!(json["calibration"], Value::Null, "a word list gives none");

    let table = eval("table").out;
    assert!(table.starts_with("lexicon-0 on <i>set.jsonl\n"), "{table}");
    assert!(table.contains("\nstatements  "), "{table}");
    let page = eval("html").out;
    assert!(page.starts_with("<!doctype html>\n"), "{page}");
    assert!(!page.contains("<b>") && !page.contains("<i>"), "{page}");
    assert!(page.contains("&#60;b&#62;Bürgermeister"), "{page}");
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for (text, told) in [
        ("{\"text\":\"a\"}\n", "line 1: missing field `target`"),
        (
            "\n{\"text\":\"a\",\"target\":\"b\",\"stance\":\"angry\"}\n",
            "line 2: `stance` must be one of supportive, critical, neutral, unclear",
        ),
        ("\n", "there is no line in it"),
    ] {
        let set = written(&dir, "set.jsonl", text);
        let done = run(&["eval", "stance", "--set", &set]);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{done:?}");
        assert!(done.err.contains(told), "{done:?}");
    }
    let nowhere = run(&["eval", "stance", "--set", "/nowhere.jsonl"]);
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
}
