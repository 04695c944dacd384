//! The report for programs.

use serde_json::{Map, Value, json};

use super::finding::{Finding, Verdict};
use super::section::Section;
use crate::machine::Machine;
use crate::names;

/// Returns everything: the machine, the contestants' settings, all tables, and each ratio by name.
pub(crate) fn to_json(machine: &Machine, sections: &[Section]) -> Value {
    let contestants: Map<String, Value> = names::SETTINGS
        .iter()
        .map(|(name, settings)| ((*name).to_owned(), json!(settings)))
        .collect();
    let findings = sections.iter().flat_map(|section| &section.findings);
    let findings: Map<String, Value> = findings
        .map(|finding| (finding.name.clone(), finding_to_json(finding)))
        .collect();
    let sections = sections.iter().map(|section| {
        json!({
            "title": section.title,
            "columns": section.table.columns,
            "rows": section.table.rows,
        })
    });
    json!({
        "machine": machine,
        "contestants": contestants,
        "sections": sections.collect::<Vec<_>>(),
        "ratios": findings,
    })
}

fn finding_to_json(finding: &Finding) -> Value {
    let mut value = json!({ "unit": finding.unit, "bar": finding.bar });
    let met = finding.verdict().map(|verdict| match verdict {
        Verdict::Met => json!(true),
        Verdict::Missed => json!(false),
        Verdict::Noise => json!("noise"),
    });
    value["met"] = json!(met);
    value["estimate"] = json!(finding.estimate);
    value
}
