//! The query language. (skeleton: replaced by its owner)

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    expr: Expr,
    written: String,
}

/// Why a query was refused: message, place and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    pub message: String,
    /// Byte range in the query.
    pub start: usize,
    pub end: usize,
}

impl Query {
    pub fn parse(written: &str) -> Result<Self, QueryError> {
        Ok(Self {
            expr: Expr::Nothing,
            written: written.to_owned(),
        })
    }

    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The text that was parsed.
    pub fn written(&self) -> &str {
        &self.written
    }
}
