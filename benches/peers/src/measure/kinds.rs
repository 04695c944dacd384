//! Measures calls per second at servers over TLS, on a unix socket, and in a cluster.

use std::time::Duration;

use super::run::{Run, ratio};
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::report::{Bar, Section, Table, counted, number};
use crate::rounds::{self, Entrant, Rates};

const TASKS: [usize; 4] = [1, 16, 64, 256];

/// Threads at the cluster.
const THREADS: usize = 16;

/// Tasks that connect over TLS.
const CONNECTING: usize = 2;

/// Two contestants, and the least ratio of the first to the second.
type Duel = (&'static str, &'static str, f64);

const AT_TASKS: &[Duel] = &[
    (names::OURS_TLS, names::BARE_TLS, 0.97),
    (names::OURS_UNIX, names::BARE_UNIX, 0.97),
    (names::OURS_CLUSTER, names::CLUSTER_REDIS_RS, 1.3),
    (names::OURS_CLUSTER, names::CLUSTER_TABLE, 0.9),
    (names::OURS_CLUSTER, names::CLUSTER_FRED, 1.0),
    (names::OURS_CLUSTER, names::CLUSTER_RUSTIS, 1.0),
];

const AT_THREADS: &[Duel] = &[
    (
        names::THREADS_OURS_CLUSTER,
        names::THREADS_CLUSTER_REDIS_RS,
        2.0,
    ),
    (
        names::THREADS_OURS_CLUSTER,
        names::THREADS_CLUSTER_TABLE,
        0.9,
    ),
];

/// A connection may take 1.1 times as long.
const CONNECTS: &[Duel] = &[(names::OURS_CONNECTS, names::BARE_CONNECTS, 1.0 / 1.1)];

/// Returns the contestants of duels, each once.
fn entrants(duels: &[Duel]) -> Vec<Entrant> {
    let mut all: Vec<Entrant> = Vec::new();
    for name in duels.iter().flat_map(|(of, to, _)| [*of, *to]) {
        if all.iter().all(|known| known.name != name) {
            all.push(Entrant::pushed(name, 1));
        }
    }
    all
}

pub(super) fn planned(plan: &Plan) -> Duration {
    let rounds = plan.kinds;
    rounds::planned(&entrants(AT_TASKS), rounds) * 4
        + rounds::planned(&entrants(AT_THREADS), rounds)
        + rounds::planned(&entrants(CONNECTS), rounds)
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let mut findings = Vec::new();
    let mut duel = |duels: &[Duel], concurrency: usize, within: &str| -> Result<Rates, Failure> {
        run.progress.begin(within);
        let rates = rounds::run(
            run.workers,
            &entrants(duels),
            concurrency,
            run.plan.kinds,
            run.progress,
        )?;
        for (of, to, bar) in duels {
            findings.extend(ratio(&rates, of, to, within, Some(Bar::AtLeast(*bar))));
        }
        Ok(rates)
    };
    let mut of_tasks = Vec::new();
    for tasks in TASKS {
        let within = format!("other kinds of servers, {}", counted(tasks, "task"));
        of_tasks.push(duel(AT_TASKS, tasks, &within)?);
    }
    let within = format!("other kinds of servers, {}", counted(THREADS, "thread"));
    let of_threads = duel(AT_THREADS, THREADS, &within)?;
    let of_connects = duel(CONNECTS, CONNECTING, "connecting over TLS")?;

    let columns = TASKS.map(|tasks| counted(tasks, "task"));
    let mut table = Table::new(std::iter::once("calls per second".to_owned()).chain(columns));
    let shown = |rates: &Rates, name| {
        let median = rates.median(name);
        median.map_or_else(String::new, |rate| number(rate.value))
    };
    for Entrant { name, .. } in entrants(AT_TASKS) {
        table.row(name, of_tasks.iter().map(|rates| shown(rates, name)));
    }
    let rest = [(AT_THREADS, &of_threads), (CONNECTS, &of_connects)];
    for (duels, rates) in rest {
        for Entrant { name, .. } in entrants(duels) {
            let empty = std::iter::repeat_n(String::new(), TASKS.len() - 1);
            table.row(name, std::iter::once(shown(rates, name)).chain(empty));
        }
    }
    Ok(Section {
        title: "Other kinds of servers",
        note: format!(
            "`log_recent` at a server over TLS and at one on a unix socket; a SET in a cluster of three, by keys of all \
             slots. The rows of threads are for {THREADS} of them, those of connecting for {CONNECTING} tasks that connect, \
             log in and probe over TLS again and again."
        ),
        table,
        findings,
        charts: Vec::new(),
    })
}
