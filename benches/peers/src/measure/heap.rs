//! Measures memory, with a program that counts its allocations.

use std::process::Command;
use std::time::Duration;

use super::run::Run;
use crate::failure::Failure;
use crate::heap::Heap;
use crate::report::{Bar, Finding, Section, Table, number};

pub(super) const PLANNED: Duration = Duration::from_secs(5);

/// The bytes that a component in a cluster may cost beyond its connections to nodes.
const IN_CLUSTER: Bar = Bar::AtMost(40.0 * 1024.0);

/// The allocations of the first use of one of a thousand components. They would be as many as that
/// if the watch looked at all components for each.
const FIRST_USE: Bar = Bar::AtMost(150.0);

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    run.progress.begin("memory");
    let program = std::env::current_exe()?.with_file_name("peers-heap");
    let output = Command::new(&program)
        .args(run.servers.urls().to_arguments())
        .output()
        .map_err(|error| format!("`{}` cannot be run: {error}", program.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let heap: Heap = serde_json::from_slice(&output.stdout)?;
    run.progress.advance(PLANNED);
    let mut table = Table::new(["memory", "bytes", "allocations"]);
    let mut findings = Vec::new();
    let calls = [&heap.clone, &heap.accessor];
    for measured in heap.components.iter().chain(calls) {
        let figures = [measured.bytes, measured.allocations].map(number);
        table.row(&measured.name, figures);
    }
    for measured in &heap.components {
        let bar = measured.name.contains("in a cluster").then_some(IN_CLUSTER);
        let name = format!("memory: {}", measured.name);
        findings.push(Finding::count(name, measured.bytes, bar));
    }
    let first = heap.components.iter();
    let mut first = first.filter(|measured| measured.name.contains("without a config"));
    findings.extend(first.next().map(|measured| {
        let name = format!("memory: {}, allocations", measured.name);
        Finding::count(name, measured.allocations, Some(FIRST_USE))
    }));
    // Beyond the clone only the watch allocates.
    let bar = Bar::AtMost(heap.clone.allocations + 0.001);
    let name = format!("memory: {}, allocations", heap.accessor.name);
    let allocations = heap.accessor.allocations;
    findings.push(Finding::count(name, allocations, Some(bar)));
    Ok(Section {
        title: "Memory",
        note: "Heap of the process, as its allocator counts it, for each of 1,000 components, and for each of 1,000,000 calls \
               of the accessor. Bytes are those that stay, allocations all that were made."
            .to_owned(),
        table,
        findings,
        charts: Vec::new(),
    })
}
