//! The operator, which moves components and makes mistakes.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fastrand::Rng;
use redis::RedisResult;

use crate::admin::{ask, connect};
use crate::lock::lock;
use crate::places::{Place, SERVERS, SINGLE};
use crate::record::history::What;
use crate::soak::Soak;
use crate::which::Which;

/// The pause between two changes, in milliseconds.
const PAUSE: std::ops::RangeInclusive<u64> = 100..=1500;
/// How long a component is switched off, or has no config, in milliseconds.
const ABSENCE: std::ops::RangeInclusive<u64> = 100..=2000;

/// Starts the operator, which makes changes until the gate stops. At rest every component is
/// switched on.
pub(crate) fn start(soak: &Arc<Soak>, rng: Rng) -> JoinHandle<()> {
    let mut operator = Operator {
        soak: Arc::clone(soak),
        rng,
    };
    thread::spawn(move || {
        let soak = Arc::clone(&operator.soak);
        while let Some(_turn) = soak.gate.pass_blocking() {
            soak.gate
                .pause(Duration::from_millis(operator.rng.u64(PAUSE)));
            operator.change();
        }
    })
}

struct Operator {
    soak: Arc<Soak>,
    rng: Rng,
}

impl Operator {
    fn change(&mut self) {
        let which = Which::ALL[self.rng.usize(0..Which::ALL.len())];
        match self.rng.u32(0..100) {
            0..55 => {
                let place = any_place(&mut self.rng);
                self.set("move", which, place);
            }
            55..65 => {
                if let Some(place) = self.place(which) {
                    self.set("same config, other text", which, place);
                }
            }
            65..72 => self.spoil("bad config", which, "{\"host\": 1, \"prot\": 6379"),
            72..76 => self.spoil(
                "closed port",
                which,
                "{\"host\": \"127.0.0.1\", \"port\": 1}",
            ),
            76..82 => {
                let server = self.rng.usize(0..SERVERS);
                if let Some(config) = self.soak.world.config_with_wrong_password(server) {
                    self.spoil("wrong password", which, &config);
                }
            }
            82..88 => self.switch_off_and_on(which),
            88..94 => self.delete_and_set(which),
            _ => self.swap(which),
        }
    }

    fn set(&mut self, kind: &'static str, which: Which, place: Place) {
        let config = self.soak.world.config_of(place, self.rng.usize(..));
        set(&self.soak, kind, &[(which, What::On(place), config)]);
    }

    fn spoil(&self, kind: &'static str, which: Which, config: &str) {
        set(
            &self.soak,
            kind,
            &[(which, What::Nothing, config.to_owned())],
        );
    }

    fn switch_off_and_on(&mut self, which: Which) {
        let off = "{\"disabled\": true}".to_owned();
        set(&self.soak, "disabled", &[(which, What::Off, off)]);
        self.stay_away();
        let place = any_place(&mut self.rng);
        self.set("enabled", which, place);
    }

    fn delete_and_set(&mut self, which: Which) {
        let changes = [(which, What::Nothing)];
        write(&self.soak, "deleted", &changes, false, || {
            ask(&self.soak.world.config.client(), &["DEL", which.key()])
        });
        self.stay_away();
        let place = any_place(&mut self.rng);
        self.set("set again", which, place);
    }

    /// Moves a component by `SWAPDB`, which pushes no invalidation.
    fn swap(&mut self, which: Which) {
        let place = any_place(&mut self.rng);
        let config = self.soak.world.config_of(place, 0);
        write(
            &self.soak,
            "SWAPDB",
            &[(which, What::On(place))],
            true,
            || {
                let mut swap = redis::pipe();
                swap.cmd("SELECT").arg(1).cmd("FLUSHDB");
                swap.cmd("SELECT").arg(0);
                for which in Which::ALL {
                    let key = which.key();
                    swap.cmd("COPY").arg(key).arg(key).arg("DB").arg(1);
                }
                swap.cmd("SELECT").arg(1);
                swap.cmd("SET").arg(which.key()).arg(&config);
                swap.cmd("SWAPDB").arg(0).arg(1);
                swap.exec(&mut connect(&self.soak.world.config.client())?)
            },
        );
    }

    fn place(&self, which: Which) -> Option<Place> {
        self.soak.history(which).place()
    }

    fn stay_away(&mut self) {
        let absence = Duration::from_millis(self.rng.u64(ABSENCE));
        self.soak.gate.pause(absence);
    }
}

pub(crate) fn any_place(rng: &mut Rng) -> Place {
    let server = rng.usize(0..SERVERS);
    Place {
        server,
        by_proxy: server < SINGLE && rng.bool(),
    }
}

/// Writes configs, once the config server is available.
pub(crate) fn set(soak: &Soak, kind: &'static str, configs: &[(Which, What, String)]) {
    let changes: Vec<_> = configs
        .iter()
        .map(|(which, what, _)| (*which, *what))
        .collect();
    write(soak, kind, &changes, false, || {
        let mut connection = connect(&soak.world.config.client())?;
        let mut pipeline = redis::pipe();
        for (which, _, config) in configs {
            pipeline.cmd("SET").arg(which.key()).arg(config);
        }
        pipeline.exec(&mut connection)
    });
}

/// Writes every component's newest config again, as after the loss of all configs.
pub(crate) fn set_all_again(soak: &Soak) {
    let configs: Vec<_> = Which::ALL
        .into_iter()
        .filter_map(|which| {
            let place = soak.history(which).place()?;
            Some((which, What::On(place), soak.world.config_of(place, 0)))
        })
        .collect();
    set(soak, "all set again", &configs);
}

fn write(
    soak: &Soak,
    kind: &'static str,
    changes: &[(Which, What)],
    by_swap: bool,
    write: impl FnOnce() -> RedisResult<()>,
) {
    let _writer = lock(&soak.config_writer);
    let written = soak.with_change(kind, changes, by_swap, write);
    if let Err(error) = written {
        soak.violation(&format!(
            "the config server has no fault, but cannot be written to: {error}"
        ));
    }
}
