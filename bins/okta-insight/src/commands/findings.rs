//! Findings as lines of output.

use sync_engine::{Finding, Severity};

use crate::words::findings::finding;
use crate::words::remedies::remedy;

/// Prints findings with their remedies.
pub(super) fn print_findings(indent: usize, findings: &[Finding]) {
    for found in findings_with_remedies(findings) {
        match found {
            Line::Finding(found) => {
                let sign = if found.severity == Severity::Info { 'i' } else { '!' };
                println!("{:indent$}{sign} {}", "", finding(found));
            }
            Line::Remedy(text) => println!("{:indent$}  → {text}", ""),
        }
    }
}

/// The same as text of a table cell.
pub(super) fn cell(findings: &[Finding]) -> String {
    let lines = findings_with_remedies(findings).map(|line| match line {
        Line::Finding(found) => finding(found),
        Line::Remedy(text) => format!("→ {text}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

enum Line<'f> {
    Finding(&'f Finding),
    Remedy(String),
}

/// Consecutive findings with the same remedy share one line for it.
fn findings_with_remedies(findings: &[Finding]) -> impl Iterator<Item = Line<'_>> {
    findings.iter().enumerate().flat_map(|(n, found)| {
        let repeats = findings.get(n + 1).is_some_and(|next| next.remedy == found.remedy);
        let action = found.remedy.as_ref().filter(|_| !repeats);
        std::iter::once(Line::Finding(found)).chain(action.map(|action| Line::Remedy(remedy(action))))
    })
}
