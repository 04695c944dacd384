//! Following the config server: what it pushes at once, and everything now and then.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use redis::{PushInfo, PushKind, Value};
use redis_components::receipts::FLEET_KEY;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::configs::Configs;
use super::info::{Info, Meter};
use super::known::Known;
use super::moves::records;
use super::snapshot::Canary;
use crate::clients::Client;
use crate::failure::{Code, Failure};
use crate::fleet::control::Control;
use crate::fleet::counts::{Counts, Wanted};
use crate::fleet::receipt_reader::ReceiptReader;
use crate::fleet::receipts::Unreadable;
use crate::fleet::row::Row;
use crate::fleet::silent::silent;
use crate::interrupt::Stage;
use crate::names::MOVES;
use crate::place::Place;
use crate::session::Session;
use crate::time::now;

/// All configs are read again as often, whatever is pushed.
const REREAD: Duration = Duration::from_secs(10);
/// The clients of the config server are listed as often. The list is long.
const RELIST: Duration = Duration::from_secs(5);
/// Pushes within this time are answered by one read.
const GATHER: Duration = Duration::from_millis(100);

/// A connection to the config server, and what it has said.
#[derive(Debug)]
pub(super) struct Reader {
    session: Session,
    pushes: UnboundedReceiver<PushInfo>,
    does_push: bool,
    every: Duration,
    due: Due,
    control: Control,
    fleet: ReceiptReader,
    clients: Option<(Vec<Client>, u64)>,
    meter: Meter,
    may_info: bool,
    known: Known,
    /// Why the config server does not show receipts, or its clients.
    hidden_fleet: Option<String>,
    hidden_rest: Vec<String>,
}

/// When what is read again. What is `None` is due now.
#[derive(Debug, Default)]
struct Due {
    configs: Option<Instant>,
    clients: Option<Instant>,
}

fn is_due(at: Option<Instant>) -> bool {
    at.is_none_or(|at| at <= Instant::now())
}

impl Reader {
    /// Connects, and reads everything.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer, or does not show the configs.
    pub(super) async fn open(
        place: Place,
        stage: Rc<Cell<Stage>>,
        every: Duration,
    ) -> Result<Self, Failure> {
        let (sender, pushes) = unbounded_channel();
        let session = Session::open_with_pushes(place, stage, sender).await?;
        let mut track = redis::cmd("CLIENT");
        track.arg("TRACKING").arg("ON").arg("BCAST");
        let own = [FLEET_KEY, MOVES];
        for prefix in session.names.prefixes().chain(own) {
            track.arg("PREFIX").arg(prefix);
        }
        let does_push = match session.query::<Value>(&track).await {
            Ok(_) => true,
            Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
            // Prefixes that overlap, or no right to it: everything is read each time.
            Err(_) => false,
        };
        let hidden_rest = session.skipped().into_iter().collect();
        let known = Known {
            server: session.server.clone(),
            pushes: does_push,
            rate: None,
            read_at: now(),
            read: Instant::now(),
            lost: None,
            configs: Configs::default(),
            processes: None,
            silent: None,
            records: Vec::new(),
            hidden: Vec::new(),
        };
        let mut reader = Self {
            fleet: ReceiptReader::new(&session),
            session,
            pushes,
            does_push,
            every,
            due: Due::default(),
            control: Control::default(),
            clients: None,
            meter: Meter::default(),
            may_info: true,
            known,
            hidden_fleet: None,
            hidden_rest,
        };
        reader.tick().await?;
        Ok(reader)
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// Waits until something is pushed or it is time, and reads what is due.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server no longer answers or no longer shows the configs.
    pub(super) async fn next(&mut self) -> Result<(), Failure> {
        let next = self.known.read + self.every;
        let wait = next.saturating_duration_since(Instant::now());
        match timeout(wait, self.pushes.recv()).await {
            Err(_) => return self.tick().await,
            Ok(None) => return Err(self.gone()),
            Ok(Some(push)) => self.note(&push)?,
        }
        // Beside a fleet that changes all the time the rest must not starve.
        sleep(GATHER.min(wait)).await;
        while let Ok(push) = self.pushes.try_recv() {
            self.note(&push)?;
        }
        self.read_due().await
    }

    fn note(&mut self, push: &PushInfo) -> Result<(), Failure> {
        match (&push.kind, push.data.first()) {
            (PushKind::Disconnection, _) => return Err(self.gone()),
            (PushKind::Invalidate, Some(Value::Array(keys))) => {
                for key in keys {
                    if *key == Value::BulkString(FLEET_KEY.as_bytes().to_vec()) {
                        self.fleet.touch();
                    } else {
                        self.due.configs = None;
                    }
                }
            }
            // The database was emptied.
            (PushKind::Invalidate, _) => {
                self.due = Due::default();
                self.fleet.touch();
            }
            _ => {}
        }
        Ok(())
    }

    fn gone(&self) -> Failure {
        let server = &self.session.server;
        let text = format!("the config server {server} closed the connection");
        Failure::new(Code::ConfigServerUnreachable, text).at(server)
    }

    /// Asks the config server how it is, and reads what is due.
    async fn tick(&mut self) -> Result<(), Failure> {
        let began = (Instant::now(), now());
        self.known.rate = self.rate().await?;
        if !self.does_push {
            self.due.configs = None;
            self.fleet.touch();
        }
        if self.hidden_fleet.is_none() {
            let turn = self.fleet.turn(&self.session, self.every).await;
            self.note_fleet(turn.map(|()| false))?;
        }
        self.read_due().await?;
        (self.known.read, self.known.read_at) = began;
        Ok(())
    }

    /// Returns the commands a second of the config server, if its user may ask.
    async fn rate(&mut self) -> Result<Option<f64>, Failure> {
        if self.may_info {
            let mut info = redis::cmd("INFO");
            info.arg("stats");
            match self.session.query::<String>(&info).await {
                Ok(text) => return Ok(self.meter.rate(&Info::parse(&text), Instant::now())),
                Err(failure) if failure.code == Code::ConfigServerUnreachable => {
                    return Err(failure);
                }
                Err(_) => self.may_info = false,
            }
        }
        self.session.query::<Value>(&redis::cmd("PING")).await?;
        Ok(None)
    }

    async fn read_due(&mut self) -> Result<(), Failure> {
        let read = self.fleet.refresh(&self.session).await;
        let is_new = self.note_fleet(read)?;
        if is_due(self.due.configs) {
            self.read_configs().await?;
        }
        if is_new || is_due(self.due.clients) {
            self.read_clients(is_new).await?;
        }
        self.tell();
        Ok(())
    }

    /// Notes whether the fleet is shown. Returns `true` if its index was read.
    fn note_fleet(&mut self, read: Result<bool, Failure>) -> Result<bool, Failure> {
        match read {
            Ok(is_new) => {
                if is_new {
                    self.hidden_fleet = None;
                }
                Ok(is_new)
            }
            Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
            Err(failure) => {
                self.hidden_fleet = Some(format!("the fleet is not shown: {}", failure.message));
                Ok(false)
            }
        }
    }

    /// Lists the clients. Those of a process that has just gone may still be there.
    async fn read_clients(&mut self, is_new: bool) -> Result<(), Failure> {
        self.hidden_rest.retain(|text| !text.starts_with(SILENT));
        self.clients = match self.session.clients().await {
            Ok(clients) => Some(clients),
            Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
            Err(failure) => {
                self.hidden_rest
                    .push(format!("{SILENT} {}", failure.message));
                None
            }
        };
        let pause = if is_new {
            self.every.min(RELIST)
        } else {
            RELIST
        };
        self.due.clients = Some(Instant::now() + pause);
        Ok(())
    }

    async fn read_configs(&mut self) -> Result<(), Failure> {
        let session = &mut self.session;
        self.control = session.control().await.or_else(|failure| {
            // A value that is not understood is as good as none, as for processes.
            match failure.code {
                Code::ConfigInvalid | Code::WrongType => Ok(Control::default()),
                _ => Err(failure),
            }
        })?;
        session.salt = self.control.salt().unwrap_or_default().to_owned();
        let names = session.components().await?;
        self.known.configs = Configs::read(session, &names).await?;
        self.hidden_rest.retain(|text| !text.starts_with(MOVING));
        self.known.records = match records(session, &names).await {
            Ok(records) => records,
            Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
            Err(failure) => {
                self.hidden_rest
                    .push(format!("{MOVING} {}", failure.message));
                Vec::new()
            }
        };
        self.due.configs = Some(Instant::now() + REREAD);
        Ok(())
    }

    /// Puts together what has been read.
    fn tell(&mut self) {
        let known = &mut self.known;
        let shows_fleet = self.hidden_fleet.is_none();
        known.silent = self
            .clients
            .as_ref()
            .filter(|_| shows_fleet)
            .map(|(clients, own)| silent(clients, *own, &self.fleet.receipts));
        let silent = known.silent.as_deref().unwrap_or_default();
        for component in &mut known.configs.components {
            let name = &component.component;
            let canary = self.session.canary(&self.control, name, component.disabled);
            component.canary = canary.as_ref().map(|(canary, digest)| Canary {
                digest: digest.clone(),
                percent: canary.percent,
            });
            let wanted = component.digest.clone();
            let wanted = wanted.map(|digest| Wanted { digest, canary });
            let counts = Counts::of(&self.fleet.receipts, silent, name, wanted.as_ref());
            component.fleet = shows_fleet.then_some(counts);
        }
        known.processes = shows_fleet.then(|| {
            let mut rows: Vec<Row> = self.fleet.receipts.own().flat_map(Row::all).collect();
            rows.sort_by(|a, b| a.order().cmp(&b.order()));
            rows
        });
        let hidden = self.hidden_fleet.iter().chain(&self.hidden_rest);
        known.hidden = hidden.cloned().collect();
        let unreadable = self.fleet.receipts.unreadable();
        if shows_fleet && !unreadable.is_empty() {
            known.hidden.push(Unreadable::all_shown(&unreadable));
        }
    }
}

const SILENT: &str = "silent processes are not shown:";
const MOVING: &str = "moves are not shown:";
