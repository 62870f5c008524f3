//! A transformer of one layer that is wired by hand: `unsinn` is critical, `danke` supportive,
//! everything else neutral. It looks at all words at once, so a wrong wiring shows.

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap, linear};
use candle_transformers::models::bert::{BertModel, Config};
use serde_json::json;
use std::path::Path;

const WORDS: [&str; 10] = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "unsinn",
    "danke",
    "heute",
    "das",
    "minister",
    "ministerium",
];
const SIZE: usize = 4;

/// Writes it as `save_pretrained` would.
pub fn write(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let config = config();
    let path = |name: &str| dir.join(name);
    std::fs::write(path("config.json"), config.to_string()).unwrap();
    std::fs::write(path("tokenizer.json"), tokenizer().to_string()).unwrap();
    weights(&config).save(path("model.safetensors")).unwrap();
}

pub fn config() -> serde_json::Value {
    json!({
        "model_type": "bert", "architectures": ["BertForSequenceClassification"],
        "id2label": {"0": "Supportive", "1": "NEUTRAL", "2": "critical"},
        "vocab_size": WORDS.len(), "hidden_size": SIZE, "num_hidden_layers": 1,
        "num_attention_heads": 1, "intermediate_size": SIZE, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "max_position_embeddings": 32, "type_vocab_size": 2,
        "initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    })
}

pub fn tokenizer() -> serde_json::Value {
    let vocabulary: serde_json::Map<_, _> = WORDS
        .iter()
        .enumerate()
        .map(|(id, word)| ((*word).to_owned(), json!(id)))
        .collect();
    let special =
        |id: u32, kind: u32| json!({"SpecialToken": {"id": WORDS[id as usize], "type_id": kind}});
    let text = |id: &str, kind: u32| json!({"Sequence": {"id": id, "type_id": kind}});
    let known =
        |id: u32| json!({"id": WORDS[id as usize], "ids": [id], "tokens": [WORDS[id as usize]]});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "decoder": null,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(2, 0), text("A", 0), special(3, 0)],
            "pair": [special(2, 0), text("A", 0), special(3, 0), text("B", 1), special(3, 1)],
            "special_tokens": {"[CLS]": known(2), "[SEP]": known(3)},
        },
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    })
}

fn weights(config: &serde_json::Value) -> VarMap {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    let map = VarMap::new();
    let vars = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    BertModel::load(vars.pp("bert"), &config).unwrap();
    linear(SIZE, SIZE, vars.pp("bert.pooler.dense")).unwrap();
    linear(SIZE, 3, vars.pp("classifier")).unwrap();
    for (name, var) in map.data().lock().unwrap().iter() {
        let shape = var.shape().clone();
        let value = match name.as_str() {
            _ if name.ends_with("LayerNorm.weight") => {
                Tensor::ones(shape, DType::F32, &Device::Cpu)
            }
            // All words are looked at alike, and handed on as they are.
            _ if name.ends_with("value.weight")
                || name.ends_with("attention.output.dense.weight")
                || name == "bert.pooler.dense.weight" =>
            {
                Tensor::eye(SIZE, DType::F32, &Device::Cpu)
            }
            "bert.embeddings.word_embeddings.weight" => words(),
            "classifier.weight" => Tensor::new(
                &[[0_f32, 9., 0., 0.], [0., 0., 0., 0.], [9., 0., 0., 0.]],
                &Device::Cpu,
            ),
            "classifier.bias" => Tensor::new(&[0_f32, 5., 0.], &Device::Cpu),
            _ => Tensor::zeros(shape, DType::F32, &Device::Cpu),
        };
        var.set(&value.unwrap()).unwrap();
    }
    map
}

fn words() -> candle_core::Result<Tensor> {
    let rows: Vec<Vec<f32>> = WORDS
        .iter()
        .map(|word| match *word {
            "unsinn" => vec![30., 0., 0., 0.],
            "danke" => vec![0., 30., 0., 0.],
            "[PAD]" => vec![0., 0., 0., 99.],
            _ => vec![0., 0., 0., 0.],
        })
        .collect();
    Tensor::new(rows, &Device::Cpu)
}
