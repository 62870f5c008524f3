//! The office's own fine-tuned transformer: a directory as Hugging Face's `save_pretrained` writes
//! it, BERT or XLM-RoBERTa with three classes over the pair (statement, target's name). It only
//! answers; it is trained elsewhere.

use super::trained::STANCES;
use crate::model::Stance;
use crate::privacy::hex;
use candle_core::{DType, Device, Tensor};
use candle_nn::{Activation, Linear, Module, VarBuilder, linear, ops::softmax};
use candle_transformers::models::bert::{self, BertModel, HiddenAct};
use candle_transformers::models::xlm_roberta::{self, XLMRobertaForSequenceClassification};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tokenizers::{
    Encoding, PostProcessor, Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy,
};

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Four times that of XLM-RoBERTa's quarter of a million tokens.
const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
const MAX_WEIGHTS_BYTES: u64 = 2 << 30;
/// More says little of a stance and costs time by its square.
const MAX_TOKENS: usize = 256;
/// Sixty-four to a token: what stands behind these is cut off anyway, and is not cut into tokens.
const MAX_CHARS: usize = MAX_TOKENS * 64;
/// Statements that go through the layers together, so that memory has a bound.
const BATCH: usize = 16;
/// Answered once at opening: letters that hardly a vocabulary has, for that must not fail later.
const TRIAL: Statement<'_> = Statement {
    text: "Resonanz \u{2e3b} \u{10348}",
    target: "?",
};

/// Something said, and the name of whom or what it may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    pub text: &'a str,
    pub target: &'a str,
}

/// Why a directory holds no such model, or why it has no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransformerError {
    #[error(
        "{}: {source}; a model is a directory with {CONFIG}, {TOKENIZER} and {WEIGHTS}, as \
         save_pretrained writes it for model and tokenizer (without shards)", path.display()
    )]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is larger than {most} bytes, which no model is that can be used here", path.display())]
    TooLarge { path: PathBuf, most: u64 },
    #[error("{CONFIG} cannot be used: {0}")]
    Config(String),
    #[error(
        "{CONFIG} names a model of type `{0}`; fine-tune one of type bert or xlm-roberta with a \
         head for sequence classification"
    )]
    Kind(String),
    #[error(
        "id2label in {CONFIG} names {0}; it must name critical, neutral and supportive (or \
         AGAINST, NONE and FAVOR) under 0, 1 and 2 in the order of the training: put it right \
         there or train again"
    )]
    Labels(String),
    #[error(
        "{TOKENIZER} cannot be used: {0}; save the tokenizer again that the model was trained with"
    )]
    Tokenizer(String),
    #[error("{WEIGHTS} does not fit {CONFIG} or is damaged: {0}; save the model again")]
    Weights(String),
    #[error("the model's answer is no number; its weights are damaged: save it again")]
    NotFinite,
    #[error("the libraries gave up on the model: one of its files is damaged; save it again")]
    Unforeseen,
}

type Result<T> = std::result::Result<T, TransformerError>;

/// A model in memory.
pub struct Transformer {
    name: String,
    tokenizer: Tokenizer,
    network: Network,
    /// Which class of the network is which of [`STANCES`].
    classes: [usize; 3],
    pad: u32,
}

impl Transformer {
    /// Reads a directory and has the model answer once, so that what is wrong is found here.
    ///
    /// # Errors
    /// A file is missing, broken, or does not fit the others; another kind of model or of classes.
    pub fn open(dir: &Path) -> Result<Self> {
        let config = read(dir, CONFIG, MAX_CONFIG_BYTES)?;
        let tokenizer = read(dir, TOKENIZER, MAX_TOKENIZER_BYTES)?;
        let weights = read(dir, WEIGHTS, MAX_WEIGHTS_BYTES)?;
        let name = format!("{}-{}", last_name(dir), short_hash(&weights));
        let opened = caught(|| Self::of_bytes(name, &config, &tokenizer, weights))?;
        opened.stances(&[TRIAL])?;
        Ok(opened)
    }

    fn of_bytes(name: String, config: &[u8], tokenizer: &[u8], weights: Vec<u8>) -> Result<Self> {
        let card = Card::parse(config)?;
        Ok(Self {
            name,
            tokenizer: tokenizer_for(&card, tokenizer)?,
            network: Network::load(&card, weights)?,
            classes: classes(&card.id2label)?,
            pad: card.pad(),
        })
    }

    /// The directory's name with what tells these weights from others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Probabilities of [`STANCES`] for each statement; what is too long is cut at its end.
    ///
    /// # Errors
    /// None for a model whose opening went well, but where single weights are no numbers.
    pub fn stances(&self, statements: &[Statement<'_>]) -> Result<Vec<[f32; 3]>> {
        let mut found = Vec::with_capacity(statements.len());
        for batch in statements.chunks(BATCH) {
            found.extend(caught(|| self.batch(batch))?);
        }
        Ok(found)
    }

    fn batch(&self, statements: &[Statement<'_>]) -> Result<Vec<[f32; 3]>> {
        let encoded = statements.iter().map(|one| self.encode(one));
        let batch = Batch::new(&encoded.collect::<Result<Vec<_>>>()?, self.pad)?;
        let logits = self.network.logits(&batch)?;
        let rows = softmax(&logits, 1)?.to_vec2::<f32>()?;
        rows.iter().map(|row| self.in_order(row)).collect()
    }

    fn encode(&self, statement: &Statement<'_>) -> Result<Encoding> {
        let pair = (head(statement.text), head(statement.target));
        let encoded = self.tokenizer.encode_fast(pair, true);
        encoded.map_err(|fault| TransformerError::Tokenizer(fault.to_string()))
    }

    fn in_order(&self, row: &[f32]) -> Result<[f32; 3]> {
        let found = self
            .classes
            .map(|class| row.get(class).copied().unwrap_or(f32::NAN));
        match found.iter().all(|one| one.is_finite()) {
            true => Ok(found),
            false => Err(TransformerError::NotFinite),
        }
    }
}

/// What is read of `config.json`; the rest is about training.
#[derive(Debug, Deserialize)]
struct Card {
    model_type: String,
    id2label: BTreeMap<String, String>,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: Act,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    pad_token_id: Option<u32>,
    position_embedding_type: Option<String>,
    problem_type: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Gelu,
    GeluNew,
    GeluPytorchTanh,
    Relu,
}

impl Card {
    /// The kind and the classes come first: who took a wrong directory should read that.
    fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct First {
            model_type: String,
            #[serde(default)]
            id2label: BTreeMap<String, String>,
        }
        let fault = |fault: serde_json::Error| TransformerError::Config(fault.to_string());
        let first: First = serde_json::from_slice(bytes).map_err(fault)?;
        if !["bert", "xlm-roberta"].contains(&first.model_type.as_str()) {
            return Err(TransformerError::Kind(first.model_type));
        }
        classes(&first.id2label)?;
        let card: Self = serde_json::from_slice(bytes).map_err(fault)?;
        card.check()?;
        Ok(card)
    }

    fn check(&self) -> Result<()> {
        let positions = self.position_embedding_type.as_deref();
        let problem = self.problem_type.as_deref();
        let heads = self.num_attention_heads;
        let fault =
            if heads == 0 || self.hidden_size == 0 || !self.hidden_size.is_multiple_of(heads) {
                "hidden_size is no multiple of num_attention_heads"
            } else if positions.is_some_and(|kind| kind != "absolute") {
                "position_embedding_type must be absolute"
            } else if problem.is_some_and(|kind| kind != "single_label_classification") {
                "problem_type must be single_label_classification"
            } else if !self.layer_norm_eps.is_normal() || self.layer_norm_eps < 0.0 {
                "layer_norm_eps must be above zero"
            } else {
                return Ok(());
            };
        Err(TransformerError::Config(fault.to_owned()))
    }

    fn is_bert(&self) -> bool {
        self.model_type == "bert"
    }

    fn pad(&self) -> u32 {
        self.pad_token_id.unwrap_or(u32::from(!self.is_bert()))
    }

    /// XLM-RoBERTa counts positions from behind the padding's number on.
    fn tokens(&self) -> usize {
        let unused = match self.is_bert() {
            true => 0,
            false => (self.pad() as usize).saturating_add(1),
        };
        let positions = self.max_position_embeddings.saturating_sub(unused);
        positions.min(MAX_TOKENS)
    }
}

/// Which class is which of [`STANCES`].
fn classes(labels: &BTreeMap<String, String>) -> Result<[usize; 3]> {
    let named: Vec<(Option<usize>, Option<Stance>)> = labels
        .iter()
        .map(|(number, label)| (number.parse().ok(), stance_of(label)))
        .collect();
    let class = |stance| {
        let found = named.iter().find(|(_, named)| *named == Some(stance));
        found.and_then(|(number, _)| *number).filter(|n| *n < 3)
    };
    let [critical, neutral, supportive] = STANCES.map(class);
    match (critical, neutral, supportive) {
        (Some(a), Some(b), Some(c)) if named.len() == 3 && a != b && b != c && a != c => {
            Ok([a, b, c])
        }
        _ => Err(TransformerError::Labels(format!("{labels:?}"))),
    }
}

fn stance_of(label: &str) -> Option<Stance> {
    match label.to_lowercase().as_str() {
        "critical" | "against" => Some(Stance::Critical),
        "neutral" | "none" => Some(Stance::Neutral),
        "supportive" | "favor" => Some(Stance::Supportive),
        _ => None,
    }
}

/// The tokenizer, set to pairs of the length that the model takes.
fn tokenizer_for(card: &Card, bytes: &[u8]) -> Result<Tokenizer> {
    let fault = |fault: String| TransformerError::Tokenizer(fault);
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| fault(error.to_string()))?;
    let tokens = tokenizer.get_vocab(true);
    let last = tokens.values().max().map_or(0, |last| *last as usize);
    if last >= card.vocab_size {
        let known = card.vocab_size;
        return Err(fault(format!(
            "it has a token {last}, the model {known} tokens"
        )));
    }
    let added = tokenizer.get_post_processor().map(|ends| {
        let (single, pair) = (ends.added_tokens(false), ends.added_tokens(true));
        single.max(pair)
    });
    let added = added.unwrap_or(0);
    if added == 0 {
        return Err(fault(
            "it puts no marks around a pair (post_processor)".to_owned(),
        ));
    }
    // A token of text and one of the target at least.
    if card.tokens() < added.saturating_add(2) {
        let most = card.max_position_embeddings;
        return Err(fault(format!(
            "{most} positions of the model have no room for its marks"
        )));
    }
    let cut = TruncationParams {
        direction: TruncationDirection::Right,
        max_length: card.tokens(),
        strategy: TruncationStrategy::LongestFirst,
        stride: 0,
    };
    tokenizer.with_padding(None);
    let cut = tokenizer.with_truncation(Some(cut)).err();
    match cut {
        Some(error) => Err(fault(error.to_string())),
        None => Ok(tokenizer),
    }
}

/// Tokens of several pairs, filled up to one length.
struct Batch {
    tokens: Tensor,
    types: Tensor,
    mask: Tensor,
}

impl Batch {
    fn new(encoded: &[Encoding], pad: u32) -> Result<Self> {
        let width = encoded.iter().map(Encoding::len).max().unwrap_or(0);
        let table = |of: fn(&Encoding) -> &[u32], fill| {
            let rows = encoded.iter().flat_map(|one| {
                let row = of(one).iter().copied();
                row.chain(std::iter::repeat(fill)).take(width)
            });
            Tensor::from_vec(rows.collect(), (encoded.len(), width), &Device::Cpu)
        };
        Ok(Self {
            tokens: table(Encoding::get_ids, pad)?,
            types: table(Encoding::get_type_ids, 0)?,
            mask: table(Encoding::get_attention_mask, 0)?,
        })
    }
}

enum Network {
    /// The library ends before what a classifier of whole texts needs.
    Bert {
        body: BertModel,
        pooler: Linear,
        classifier: Linear,
    },
    Roberta(XLMRobertaForSequenceClassification),
}

impl Network {
    fn load(card: &Card, weights: Vec<u8>) -> Result<Self> {
        let all = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        if !card.is_bert() {
            let config = roberta_config(card);
            let network = XLMRobertaForSequenceClassification::new(STANCES.len(), &config, all)?;
            return Ok(Self::Roberta(network));
        }
        let size = card.hidden_size;
        Ok(Self::Bert {
            body: BertModel::load(all.pp("bert"), &bert_config(card))?,
            pooler: linear(size, size, all.pp("bert.pooler.dense"))?,
            classifier: linear(size, STANCES.len(), all.pp("classifier"))?,
        })
    }

    fn logits(&self, batch: &Batch) -> candle_core::Result<Tensor> {
        match self {
            Self::Bert {
                body,
                pooler,
                classifier,
            } => {
                let states = body.forward(&batch.tokens, &batch.types, Some(&batch.mask))?;
                let first = states.get_on_dim(1, 0)?.contiguous()?;
                classifier.forward(&pooler.forward(&first)?.tanh()?)
            }
            // It knows one type of token, also where its tokenizer counts two.
            Self::Roberta(network) => {
                let types = batch.tokens.zeros_like()?;
                network.forward(&batch.tokens, &batch.mask, &types)
            }
        }
    }
}

fn bert_config(card: &Card) -> bert::Config {
    bert::Config {
        vocab_size: card.vocab_size,
        hidden_size: card.hidden_size,
        num_hidden_layers: card.num_hidden_layers,
        num_attention_heads: card.num_attention_heads,
        intermediate_size: card.intermediate_size,
        hidden_act: match card.hidden_act {
            Act::Gelu => HiddenAct::Gelu,
            Act::GeluNew | Act::GeluPytorchTanh => HiddenAct::GeluApproximate,
            Act::Relu => HiddenAct::Relu,
        },
        max_position_embeddings: card.max_position_embeddings,
        type_vocab_size: card.type_vocab_size,
        layer_norm_eps: card.layer_norm_eps,
        pad_token_id: card.pad() as usize,
        // With a type the library would look for the weights under a second name as well.
        model_type: None,
        ..bert::Config::default()
    }
}

fn roberta_config(card: &Card) -> xlm_roberta::Config {
    xlm_roberta::Config {
        hidden_size: card.hidden_size,
        layer_norm_eps: card.layer_norm_eps,
        attention_probs_dropout_prob: 0.0,
        hidden_dropout_prob: 0.0,
        num_attention_heads: card.num_attention_heads,
        position_embedding_type: "absolute".to_owned(),
        intermediate_size: card.intermediate_size,
        hidden_act: match card.hidden_act {
            Act::Gelu => Activation::Gelu,
            Act::GeluNew | Act::GeluPytorchTanh => Activation::NewGelu,
            Act::Relu => Activation::Relu,
        },
        num_hidden_layers: card.num_hidden_layers,
        vocab_size: card.vocab_size,
        max_position_embeddings: card.max_position_embeddings,
        type_vocab_size: card.type_vocab_size,
        pad_token_id: card.pad(),
    }
}

impl From<candle_core::Error> for TransformerError {
    fn from(fault: candle_core::Error) -> Self {
        Self::Weights(fault.to_string())
    }
}

/// Into memory, not mapped: a mapped file that somebody shortens ends the process.
fn read(dir: &Path, name: &str, most: u64) -> Result<Vec<u8>> {
    let path = dir.join(name);
    match read_up_to(&path, most) {
        Ok(bytes) if bytes.len() as u64 <= most => Ok(bytes),
        Ok(_) => Err(TransformerError::TooLarge { path, most }),
        Err(source) => Err(TransformerError::Read { path, source }),
    }
}

/// The bytes of a file; one more than `most` where there are more.
fn read_up_to(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    // Asked before it is opened: a pipe would wait for a writer.
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("this is not a file"));
    }
    let room = usize::try_from(about.len().min(most)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(room.saturating_add(1));
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn last_name(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let last = full.file_name().unwrap_or(full.as_os_str());
    last.to_string_lossy().into_owned()
}

fn short_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..4])
}

fn head(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The libraries trust what they read; where they panic on it, that is a fault of the file. Their
/// words are not passed on: they may quote a statement.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(TransformerError::Unforeseen))
}
