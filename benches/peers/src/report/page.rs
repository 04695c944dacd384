//! The report for people, on a terminal and in the documentation.

use std::fmt::Write;

use super::finding::{Bar, Finding, Unit, Verdict};
use super::section::Section;
use super::table::{Table, number};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::names;

const BEGIN: &str = "<!-- Filled by `cargo xtask bench --docs`. -->\n";
const END: &str = "<!-- End of what is filled. -->\n";

/// Returns the report for a terminal.
pub(crate) fn to_text(machine: &Machine, sections: &[Section]) -> String {
    let mut text = format!("{}\n", conditions(machine));
    for section in sections {
        let rule = "-".repeat(section.title.chars().count());
        let table = section.table.aligned();
        let _ = write!(
            text,
            "\n{}\n{rule}\n{}\n\n{table}",
            section.title, section.note
        );
        if let Some(bars) = bars(section) {
            let _ = write!(text, "\n{}", bars.aligned());
        }
    }
    text
}

/// Returns the report for the documentation.
pub(crate) fn to_markdown(machine: &Machine, sections: &[Section]) -> String {
    let mut text = format!("{}\n", conditions(machine));
    for section in sections {
        let table = section.table.markdown();
        let _ = write!(
            text,
            "\n### {}\n\n{}\n\n{table}",
            section.title, section.note
        );
        if let Some(bars) = bars(section) {
            let _ = write!(text, "\n{}", bars.markdown());
        }
        for chart in &section.charts {
            let _ = write!(text, "\n![{}](performance/{})\n", chart.title, chart.file);
        }
    }
    text.push_str("\n### Contestants\n\n");
    let mut settings = Table::new(["name", "settings"]);
    for (name, text) in names::SETTINGS {
        settings.row(*name, [(*text).to_owned()]);
    }
    text + &settings.markdown()
}

/// Returns the page with a new text between its marks.
///
/// # Errors
///
/// Returns an error if the page has no marks.
pub(crate) fn fill(page: &str, filling: &str) -> Result<String, Failure> {
    let (before, rest) = page.split_once(BEGIN).ok_or("the page has no mark")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no second mark")?;
    Ok(format!("{before}{BEGIN}\n{filling}\n{END}{after}"))
}

fn conditions(machine: &Machine) -> String {
    let Machine {
        cores,
        processor,
        redis,
        server,
        rustc,
        quick,
        ..
    } = machine;
    let run = match (server, quick) {
        (Some(server), _) => format!("a server at {server}, throughput alone"),
        (None, true) => "loopback, a quick run".to_owned(),
        (None, false) => "loopback, a full run".to_owned(),
    };
    format!("{cores} cores of {processor}, {redis}, {rustc}, {run}.")
}

/// Returns the findings that have a bar.
fn bars(section: &Section) -> Option<Table> {
    let mut table = Table::new(["bar", "measured", "95 % interval", "to reach", "reached"]);
    for finding in &section.findings {
        let (Some(bar), Some(verdict)) = (finding.bar, finding.verdict()) else {
            continue;
        };
        let estimate = finding.estimate;
        let interval = format!(
            "{} to {}",
            shown(finding, estimate.low),
            shown(finding, estimate.high)
        );
        let reached = match verdict {
            Verdict::Met => "yes",
            Verdict::Missed => "MISSED",
            Verdict::Noise => "within noise",
        };
        let bar = match bar {
            Bar::AtLeast(bar) => format!("at least {}", shown(finding, bar)),
            Bar::AtMost(bar) => format!("at most {}", shown(finding, bar)),
        };
        let measured = shown(finding, estimate.value);
        table.row(&finding.name, [measured, interval, bar, reached.to_owned()]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn shown(finding: &Finding, value: f64) -> String {
    match finding.unit {
        Unit::Ratio => format!("{value:.3}"),
        Unit::Milliseconds => format!("{} ms", number(value)),
        Unit::Count => number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, fill};

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let filled = fill(&page, "new").unwrap();
        assert_eq!(filled, format!("before\n{BEGIN}\nnew\n{END}after\n"));
        assert_eq!(fill(&filled, "new").unwrap(), filled);
        assert!(fill("before\n", "new").is_err());
    }
}
