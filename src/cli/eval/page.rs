//! The report as one page that needs nothing else.

use super::report::{CLASS_HEAD, Report, classes, figures, percent};
use askama::Template;

/// Side of a plot, in its own units.
const SIDE: f64 = 200.0;

#[derive(Template)]
#[template(path = "eval.html", config = "src/serve/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    figures: Vec<(String, String)>,
    class_head: [&'static str; 9],
    classes: Vec<Vec<String>>,
    targets: Vec<(String, String, String)>,
    /// Centre and radius of a circle for each bin.
    bins: Vec<(String, String, String)>,
    /// Points of the line of accuracy by coverage; empty without probabilities.
    curve: String,
}

/// The page.
///
/// # Errors
/// None that a report can cause.
pub fn html(report: &Report) -> anyhow::Result<String> {
    let calibration = report.calibration.iter();
    let bins = calibration.flat_map(|calibration| &calibration.bins);
    let points = report.coverage_curve.iter();
    let page = Page {
        figures: figures(report),
        class_head: CLASS_HEAD,
        classes: classes(&report.all),
        targets: report
            .targets
            .iter()
            .map(|by| {
                let statements = by.scores.statements.to_string();
                (by.target.clone(), statements, percent(by.scores.macro_f1))
            })
            .collect(),
        bins: bins
            .map(|bin| {
                let radius = 2.0 + f64::from(bin.statements).sqrt() / 4.0;
                (x(bin.said), y(bin.right), format!("{radius:.1}"))
            })
            .collect(),
        curve: points
            .map(|point| format!("{},{}", x(point.coverage), y(point.accuracy)))
            .collect::<Vec<_>>()
            .join(" "),
        report,
    };
    Ok(page.render()?)
}

fn x(share: f64) -> String {
    format!("{:.1}", share * SIDE)
}

fn y(share: f64) -> String {
    format!("{:.1}", (1.0 - share) * SIDE)
}
