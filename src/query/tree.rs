//! A query as an indented tree: how it is understood, one operand a line.

use super::ast::{Expr, Place};
use crate::model::Part;
use std::fmt::Write;

/// The tree, a line for each operator and operand, two blanks a level, without a last line break.
/// It holds what was written: escape it in pages.
pub fn tree(expr: &Expr) -> String {
    let mut lines = Lines::default();
    lines.expr(expr, 0);
    lines.out
}

#[derive(Default)]
struct Lines {
    out: String,
}

impl Lines {
    fn line(&mut self, level: usize, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        // A string takes whatever is written to it.
        let _ = write!(self.out, "{:width$}{text}", "", width = 2 * level);
    }

    fn expr(&mut self, expr: &Expr, level: usize) {
        match expr {
            Expr::And { all, none } => {
                self.line(level, "AND");
                for expr in all {
                    self.expr(expr, level + 1);
                }
                for expr in none {
                    self.line(level + 1, "NOT");
                    self.expr(expr, level + 2);
                }
            }
            Expr::Or(any) => {
                self.line(level, "OR");
                for expr in any {
                    self.expr(expr, level + 1);
                }
            }
            Expr::Words { scope, place } => {
                let field = match scope {
                    None => "",
                    Some(Part::Title) => "title:",
                    Some(Part::Text) => "text:",
                };
                self.place(place, field, level);
            }
            Expr::Keyword(_) | Expr::Published(_) => self.line(level, &expr.to_string()),
        }
    }

    fn place(&mut self, place: &Place, field: &str, level: usize) {
        match place {
            Place::Word(_) | Place::Phrase(_) => self.line(level, &format!("{field}{place}")),
            Place::Any(places) => {
                self.line(level, &format!("{field}OR"));
                for place in places {
                    self.place(place, "", level + 1);
                }
            }
            Place::Near {
                left,
                right,
                max_between,
                ordered,
            } => {
                let order = if *ordered { "f" } else { "" };
                self.line(level, &format!("{field}NEAR/{max_between}{order}"));
                self.place(left, "", level + 1);
                self.place(right, "", level + 1);
            }
            Place::Within {
                places,
                max_between,
            } => {
                self.line(level, &format!("{field}~{max_between}"));
                for place in places {
                    self.place(place, "", level + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;

    #[test]
    fn every_operator_has_its_line_and_its_operands_below() {
        let written = "title:((Minister* OR \"der Chef\") NEAR/3f {BMI}) OR a1 b1 NOT site:bild.de \
                       OR (x1 AND y1 AND z1)~4";
        let query = Query::parse_search(written).unwrap();
        insta::assert_snapshot!(tree(query.expr()), @r#"
        OR
          title:NEAR/3f
            OR
              Minister*
              "der Chef"
            {BMI}
          AND
            a1
            b1
            NOT
              site:"bild.de"
          ~4
            x1
            y1
            z1
        "#);
    }
}
