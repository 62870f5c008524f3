//! A second, stronger model by choice: a transformer that the office has fine-tuned itself, read from
//! the directory that Hugging Face's `save_pretrained` writes (`config.json`, `tokenizer.json`,
//! `model.safetensors`). BERT and XLM-RoBERTa with a head for sequence classification; statement and
//! target are its two sequences. Runs on the CPU. Whatever is wrong with the files is an error that
//! says so; they are read, not mapped, for a mapped file that shrinks ends the process.

use super::Classifier;
use super::trained::STANCES;
use crate::model::{Labels, Mention, Reason, Stance, StanceLabel, Target};
use candle_core::{D, DType, Device, IndexOp as _, Tensor};
use candle_nn::{Linear, Module as _, VarBuilder, linear};
use candle_transformers::models::bert::{self, BertModel};
use candle_transformers::models::xlm_roberta::{self, XLMRobertaForSequenceClassification};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use thiserror::Error;
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};

/// Longest file that is read.
const MAX_BYTES: u64 = 2 << 30;
/// Tokens of statement and target together.
const MAX_TOKENS: usize = 256;
/// Room for the marks between two sequences and a few words.
const LEAST_TOKENS: usize = 16;
/// Characters of a statement that are shown to the tokenizer.
const MAX_CHARS: usize = 4_000;
/// A stance is said from this probability on.
const SURE: f32 = 0.5;
/// Limits beyond which a configuration is no text classifier that a CPU should run.
const MAX_HIDDEN: usize = 4_096;
const MAX_LAYERS: usize = 64;

/// Why a directory is no second model.
#[derive(Debug, Error)]
pub enum TransformerError {
    #[error("{file}: {reason}")]
    File { file: &'static str, reason: String },
    #[error("the model broke down: {0}")]
    Run(String),
}

/// A statement and what its stance is asked toward.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub text: &'a str,
    pub target: &'a str,
}

/// A model that is read and ready.
pub struct Transformer {
    name: String,
    tokenizer: Tokenizer,
    network: Network,
    /// For each of [`STANCES`] its place among the model's classes.
    order: [usize; 3],
}

enum Network {
    Bert {
        model: BertModel,
        pooler: Linear,
        classifier: Linear,
    },
    Roberta(XLMRobertaForSequenceClassification),
}

/// What both kinds of model say of themselves.
#[derive(Deserialize)]
struct Card {
    model_type: String,
    #[serde(default)]
    id2label: BTreeMap<String, String>,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    #[serde(default)]
    pad_token_id: usize,
}

impl Transformer {
    /// Reads a directory.
    ///
    /// # Errors
    /// A file that is missing, too large, damaged, or of another kind of model.
    pub fn open(dir: &Path) -> Result<Self, TransformerError> {
        let config = read(dir, "config.json")?;
        let card: Card = parse("config.json", &config)?;
        card.check()?;
        let order = card.order()?;
        let mut tokenizer = Tokenizer::from_bytes(read(dir, "tokenizer.json")?)
            .map_err(|error| file("tokenizer.json", error))?;
        card.fit(&mut tokenizer)?;
        let weights = read(dir, "model.safetensors")?;
        let digest = Sha256::digest(&weights);
        let sum: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
        let vars = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)
            .map_err(|error| file("model.safetensors", error))?;
        let network = match card.model_type.as_str() {
            "bert" => bert(&parse("config.json", &config)?, &vars),
            _ => roberta(&parse("config.json", &config)?, &vars),
        };
        let folder = dir.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: format!("{folder}-{sum}"),
            tokenizer,
            network: network.map_err(|error| file("model.safetensors", error))?,
            order,
        })
    }

    /// Probabilities of [`STANCES`] for each statement.
    ///
    /// # Errors
    /// Words that the tokenizer or the network cannot take.
    pub fn stances(&self, statements: &[Statement<'_>]) -> Result<Vec<[f32; 3]>, TransformerError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let pairs: Vec<(&str, &str)> = statements
            .iter()
            .map(|one| (shortened(one.text), one.target))
            .collect();
        let encoded = self
            .tokenizer
            .encode_batch(pairs, true)
            .map_err(|error| TransformerError::Run(error.to_string()))?;
        let column = |of: fn(&tokenizers::Encoding) -> &[u32]| {
            let rows: Vec<Vec<u32>> = encoded.iter().map(|one| of(one).to_vec()).collect();
            Tensor::new(rows, &Device::Cpu)
        };
        let run = || -> candle_core::Result<Vec<Vec<f32>>> {
            let ids = column(tokenizers::Encoding::get_ids)?;
            let kinds = column(tokenizers::Encoding::get_type_ids)?;
            let mask = column(tokenizers::Encoding::get_attention_mask)?;
            let sums = self.network.sums(&ids, &kinds, &mask)?;
            candle_nn::ops::softmax(&sums, D::Minus1)?.to_vec2()
        };
        let rows = run().map_err(|error| TransformerError::Run(error.to_string()))?;
        Ok(rows
            .iter()
            .map(|row| {
                self.order
                    .map(|class| row.get(class).copied().unwrap_or(0.0))
            })
            .collect())
    }
}

impl Network {
    fn sums(&self, ids: &Tensor, kinds: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Bert {
                model,
                pooler,
                classifier,
            } => {
                let first = model.forward(ids, kinds, Some(mask))?.i((.., 0))?;
                classifier.forward(&pooler.forward(&first.contiguous()?)?.tanh()?)
            }
            // This kind of model knows one kind of token only.
            Self::Roberta(model) => model.forward(ids, mask, &kinds.zeros_like()?),
        }
    }
}

fn bert(config: &bert::Config, vars: &VarBuilder<'_>) -> candle_core::Result<Network> {
    let size = config.hidden_size;
    Ok(Network::Bert {
        model: BertModel::load(vars.pp("bert"), config)?,
        pooler: linear(size, size, vars.pp("bert.pooler.dense"))?,
        classifier: linear(size, STANCES.len(), vars.pp("classifier"))?,
    })
}

fn roberta(config: &xlm_roberta::Config, vars: &VarBuilder<'_>) -> candle_core::Result<Network> {
    let model = XLMRobertaForSequenceClassification::new(STANCES.len(), config, vars.clone())?;
    Ok(Network::Roberta(model))
}

impl Card {
    fn check(&self) -> Result<(), TransformerError> {
        let wrong = |reason: &str| Err(file("config.json", reason));
        if !["bert", "xlm-roberta"].contains(&self.model_type.as_str()) {
            return wrong("`model_type` must be `bert` or `xlm-roberta`");
        }
        let heads = self.num_attention_heads;
        if heads == 0 || !self.hidden_size.is_multiple_of(heads) || self.hidden_size == 0 {
            return wrong("`hidden_size` must be a multiple of `num_attention_heads`");
        }
        if self.hidden_size > MAX_HIDDEN || self.num_hidden_layers > MAX_LAYERS {
            return wrong("the model is too large for this house");
        }
        Ok(())
    }

    /// Where the stances stand among the classes.
    fn order(&self) -> Result<[usize; 3], TransformerError> {
        let place = |stance: Stance| {
            let names = match stance {
                Stance::Critical => ["critical", "against"],
                Stance::Supportive => ["supportive", "favor"],
                _ => ["neutral", "none"],
            };
            let found = self
                .id2label
                .iter()
                .find(|(_, label)| names.contains(&label.to_lowercase().as_str()));
            found.and_then(|(id, _)| id.parse().ok())
        };
        let places: Vec<usize> = STANCES.into_iter().filter_map(place).collect();
        match <[usize; 3]>::try_from(places) {
            Ok(order) if self.id2label.len() == 3 && order.iter().all(|place| *place < 3) => {
                Ok(order)
            }
            _ => Err(file(
                "config.json",
                "`id2label` must name the three classes critical, neutral and supportive",
            )),
        }
    }

    /// Cuts and pads as this model needs it.
    fn fit(&self, tokenizer: &mut Tokenizer) -> Result<(), TransformerError> {
        // XLM-RoBERTa counts its places from behind the padding's number.
        let taken = match self.model_type.as_str() {
            "bert" => 0,
            _ => self.pad_token_id + 1,
        };
        let places = self.max_position_embeddings.saturating_sub(taken);
        if places < LEAST_TOKENS {
            return Err(file(
                "config.json",
                "`max_position_embeddings` is too small",
            ));
        }
        let truncation = TruncationParams {
            max_length: MAX_TOKENS.min(places),
            ..TruncationParams::default()
        };
        let padding = PaddingParams {
            pad_id: u32::try_from(self.pad_token_id).unwrap_or(0),
            ..PaddingParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|error| file("tokenizer.json", error))?
            .with_padding(Some(padding));
        Ok(())
    }
}

fn read(dir: &Path, name: &'static str) -> Result<Vec<u8>, TransformerError> {
    let path = dir.join(name);
    let told = |error: std::io::Error| file(name, format!("{}: {error}", path.display()));
    if std::fs::metadata(&path).map_err(told)?.len() > MAX_BYTES {
        return Err(file(name, "larger than 2 GiB"));
    }
    std::fs::read(&path).map_err(told)
}

fn parse<T: for<'a> Deserialize<'a>>(
    name: &'static str,
    bytes: &[u8],
) -> Result<T, TransformerError> {
    serde_json::from_slice(bytes).map_err(|error| file(name, error))
}

fn file(file: &'static str, reason: impl ToString) -> TransformerError {
    TransformerError::File {
        file,
        reason: reason.to_string(),
    }
}

fn shortened(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARS).map(|(at, _)| at);
    &text[..end.unwrap_or(text.len())]
}

impl Classifier for Transformer {
    fn model(&self) -> &str {
        &self.name
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        let answers = self.classify_all(&[(mention, targets)]);
        answers.into_iter().next().unwrap_or_default()
    }

    /// A stance without a probability is one that could not be told.
    fn classify_all(&self, questions: &[(&Mention, &[&Target])]) -> Vec<Labels> {
        let texts: Vec<String> = questions
            .iter()
            .map(|(mention, _)| format!("{} {}", mention.title, mention.text))
            .collect();
        let asked = texts
            .iter()
            .zip(questions)
            .flat_map(|(text, (_, targets))| {
                targets.iter().map(|target| Statement {
                    text: text.trim(),
                    target: &target.label,
                })
            });
        let asked: Vec<Statement<'_>> = asked.collect();
        let mut answers = self.stances(&asked).unwrap_or_default().into_iter();
        let labels = |targets: &[&Target]| Labels {
            model: self.name.clone(),
            stances: targets
                .iter()
                .map(|target| self.label(target, answers.next()))
                .collect(),
            flags: Vec::new(),
        };
        let mut labels = labels;
        questions
            .iter()
            .map(|(_, targets)| labels(targets))
            .collect()
    }
}

impl Transformer {
    fn label(&self, target: &Target, answer: Option<[f32; 3]>) -> StanceLabel {
        let best = answer.and_then(|answer| {
            let classes = STANCES.into_iter().zip(answer);
            classes.max_by(|one, other| one.1.total_cmp(&other.1))
        });
        let stance = best.filter(|(_, probability)| *probability >= SURE);
        StanceLabel {
            target: target.name.clone(),
            stance: stance.map_or(Stance::Unclear, |(stance, _)| stance),
            probability: best.map(|(_, probability)| probability),
            reasons: vec![Reason {
                rule: "second model".to_owned(),
                seen: self.name.clone(),
                span: None,
                weight: 0.0,
            }],
            by_office: false,
        }
    }
}
