//! A recorder of metrics that keeps gauges as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// What is recorded. Names are those of metrics with their labels, but for the label `key`.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Inner>);

#[derive(Default)]
struct Inner {
    held: Mutex<Option<Arc<Held>>>,
    gauges: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    described: Mutex<BTreeSet<String>>,
}

impl Recorded {
    /// Records what this process reports from now on.
    pub(crate) fn of_process() -> &'static Self {
        static RECORDED: OnceLock<Recorded> = OnceLock::new();
        RECORDED.get_or_init(|| {
            let recorded = Self::default();
            metrics::set_global_recorder(recorded.clone()).unwrap();
            recorded
        })
    }

    pub(crate) fn gauges(&self) -> BTreeMap<String, f64> {
        let gauges = self.0.gauges.lock().unwrap();
        let value = |gauge: &AtomicU64| f64::from_bits(gauge.load(Ordering::SeqCst));
        let all = gauges
            .iter()
            .map(|(name, gauge)| (name.clone(), value(gauge)));
        all.collect()
    }

    pub(crate) fn hold(&self, text: &str) -> Arc<Held> {
        let held = Arc::new(Held {
            text: text.to_owned(),
            met: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            is_released: AtomicBool::new(false),
        });
        *self.0.held.lock().unwrap() = Some(Arc::clone(&held));
        held
    }

    /// The names that are described.
    pub(crate) fn described(&self) -> BTreeSet<String> {
        self.0.described.lock().unwrap().clone()
    }

    fn describe(&self, name: &KeyName) {
        self.0
            .described
            .lock()
            .unwrap()
            .insert(name.as_str().into());
    }
}

/// Holds up the reports of a watch's thread at gauges whose names hold a text, until it is released.
pub(crate) struct Held {
    text: String,
    /// How often such a report has come.
    met: AtomicU64,
    /// How often it has gone on.
    passed: AtomicU64,
    is_released: AtomicBool,
}

impl Held {
    pub(crate) fn met(&self) -> u64 {
        self.met.load(Ordering::SeqCst)
    }

    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    pub(crate) fn release(&self) {
        self.is_released.store(true, Ordering::SeqCst);
    }

    fn meet(&self, name: &str) {
        if name.contains(&self.text) && thread::current().name() == Some("redis-components-report")
        {
            self.met.fetch_add(1, Ordering::SeqCst);
            while !self.is_released.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            self.passed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let labels = key.labels().filter(|label| label.key() != "key");
        let labels: Vec<_> = labels
            .map(|label| format!(" {}={}", label.key(), label.value()))
            .collect();
        let name = key.name().to_owned() + &labels.concat();
        let held = self.0.held.lock().unwrap().clone();
        held.iter().for_each(|held| held.meet(&name));
        let mut gauges = self.0.gauges.lock().unwrap();
        Gauge::from_arc(Arc::clone(gauges.entry(name).or_default()))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
