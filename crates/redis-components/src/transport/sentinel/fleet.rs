//! The sentinels of a service that are known, with their newest answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::election::Election;
use super::link::{Link, Report, What};
use super::replies::Answer;
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Primary, Sentinels};
use crate::error::text::printable;
use crate::settings::policy::Policy;
use crate::transport::contents::sources::Sources;
use crate::transport::failure::{Cause, Failure};
use crate::transport::no_primary::NoPrimary;

/// How many sentinels are learned from others.
const MOST_LEARNED: usize = 16;

/// All known sentinels, and the election among them.
pub(super) struct Fleet {
    sentinels: Sentinels,
    policy: Arc<Policy>,
    sources: Arc<Sources>,
    connect: Duration,
    reports: mpsc::UnboundedSender<Report>,
    rounds: watch::Sender<u64>,
    members: Vec<Member>,
    /// The number of the next link.
    next: u64,
    election: Election,
}

/// One sentinel.
struct Member {
    number: u64,
    address: Address,
    /// Whether the config names it. Otherwise another sentinel did.
    is_configured: bool,
    state: State,
    /// The last round that it answered, or let go by.
    round: u64,
    reached: Option<SocketAddr>,
    /// The sentinels that it knows.
    peers: Vec<Address>,
    task: JoinHandle<()>,
}

enum State {
    /// The first connect is not over.
    Dialled,
    Answered(Answer),
    /// It is connected, and has not answered in the last round.
    Silent,
    Lost(Failure),
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fleet {
    /// Connects to the sentinels that the config names.
    pub(super) fn new(
        sentinels: &Sentinels,
        policy: &Arc<Policy>,
        sources: &Arc<Sources>,
        connect: Duration,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        let mut fleet = Self {
            sentinels: sentinels.clone(),
            policy: Arc::clone(policy),
            sources: Arc::clone(sources),
            connect,
            reports,
            rounds: watch::Sender::new(0),
            members: Vec::new(),
            next: 0,
            election: Election::default(),
        };
        for address in &sentinels.addresses {
            fleet.add(address.clone(), true);
        }
        fleet
    }

    fn add(&mut self, address: Address, is_configured: bool) {
        let number = self.next;
        self.next += 1;
        let link = Link {
            number,
            config: ComponentConfig::of_sentinel(&self.sentinels, address.clone()),
            service: Arc::from(self.sentinels.service.as_str()),
            policy: Arc::clone(&self.policy),
            sources: Arc::clone(&self.sources),
            connect: self.connect,
            rounds: self.rounds.subscribe(),
            reports: self.reports.clone(),
        };
        self.members.push(Member {
            number,
            address,
            is_configured,
            state: State::Dialled,
            round: 0,
            reached: None,
            peers: Vec::new(),
            task: tokio::spawn(link.keep()),
        });
    }

    /// Begins a round.
    pub(super) fn begin(&self, round: u64) {
        self.rounds.send_replace(round);
    }

    /// Takes what a sentinel did. Returns `true` if all have to be asked.
    pub(super) fn take(&mut self, Report { link, what }: Report) -> bool {
        let Some(member) = self.members.iter_mut().find(|member| member.number == link) else {
            // It was let go.
            return false;
        };
        match what {
            What::Answered {
                round,
                answer,
                peers,
                reached,
            } => {
                member.round = round;
                member.reached = reached;
                member.state = State::Answered(answer);
                if let Some(peers) = peers {
                    member.peers = peers;
                }
            }
            What::Silent { round } => {
                member.round = round;
                member.state = State::Silent;
            }
            What::Lost(failure) => {
                member.peers.clear();
                member.state = State::Lost(failure);
            }
            What::Switched => return true,
        }
        false
    }

    /// Returns `true` if a sentinel that answers has not answered in this round.
    pub(super) fn has_unanswered(&self) -> bool {
        let round = *self.rounds.borrow();
        self.members.iter().any(|member| member.owes(round))
    }

    /// Returns the same as [`has_unanswered`](Self::has_unanswered), and also `true` if the first
    /// connect to a sentinel is not over.
    pub(super) fn has_undecided(&self) -> bool {
        let is_dialled = |member: &Member| matches!(member.state, State::Dialled);
        self.has_unanswered() || self.members.iter().any(is_dialled)
    }

    /// Returns `true` if any sentinel names a primary.
    pub(super) fn has_answers(&self) -> bool {
        let names_one = |answer: &Answer| matches!(answer, Answer::Primary(_));
        self.answers().any(names_one)
    }

    fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.members
            .iter()
            .filter_map(|member| match &member.state {
                State::Answered(answer) => Some(answer),
                _ => None,
            })
    }

    /// Elects the primary. Returns it if it is another one than before.
    pub(super) fn elect(&mut self) -> Option<Primary> {
        let configured = self.sentinels.addresses.len();
        let answers = self
            .members
            .iter()
            .filter_map(|member| match &member.state {
                State::Answered(answer) => Some(answer),
                _ => None,
            });
        self.election
            .decide(answers, configured, Instant::now())
            .cloned()
    }

    /// Connects to sentinels that others know, and lets those go that nobody reaches or knows.
    pub(super) fn follow_peers(&mut self) {
        let configured = || self.members.iter().filter(|member| member.is_configured);
        // Before its first connect is over, a name may stand for the address of any peer.
        if configured().any(|member| matches!(member.state, State::Dialled)) {
            return;
        }
        let reached_by_name: Vec<Address> = configured()
            .filter_map(|member| member.reached)
            .map(|reached| Address::Tcp {
                host: reached.ip().to_canonical().to_string(),
                port: reached.port(),
            })
            .collect();
        let named: Vec<Address> = self
            .members
            .iter()
            .flat_map(|member| &member.peers)
            .filter(|peer| !reached_by_name.contains(peer))
            .cloned()
            .collect();
        self.members.retain(|member| {
            member.is_configured
                || !reached_by_name.contains(&member.address)
                    && (!matches!(member.state, State::Lost(_)) || named.contains(&member.address))
        });
        for peer in named {
            let learned = self.members.len() - self.sentinels.addresses.len();
            let is_known = self.members.iter().any(|member| member.address == peer);
            if !is_known && learned < MOST_LEARNED {
                self.add(peer, false);
            }
        }
    }

    /// Returns why no sentinel names a primary, if none does. `known` is the last that they named.
    pub(super) fn no_primary(&self, known: Option<&Primary>) -> Option<NoPrimary> {
        if self.has_answers() {
            return None;
        }
        let service = printable(&self.sentinels.service);
        let mut causes = Vec::new();
        let reasons: Vec<String> = self
            .members
            .iter()
            .filter(|member| member.is_configured)
            .map(|Member { address, state, .. }| {
                let (reason, cause) = state.reason();
                let reason = named_for_sentinels(reason);
                causes.push(cause);
                format!("{address}: {reason}")
            })
            .collect();
        let reasons = reasons.join("; ");
        let stays = known.map_or_else(String::new, |primary| {
            format!("; {}, which they named last, stays in use", primary.address)
        });
        let message = format!("no sentinel names the primary of `{service}` ({reasons}){stays}");
        let telling = [Cause::Refused, Cause::Forbidden, Cause::Local];
        let cause = telling.into_iter().find(|cause| causes.contains(cause));
        Some(NoPrimary {
            cause: cause.unwrap_or(Cause::Unreachable),
            message,
        })
    }
}

/// Returns which kind of reason the failure of a connection is.
fn cause_of(failure: &Failure) -> Cause {
    match failure.cause {
        cause @ (Cause::Forbidden | Cause::Local) => cause,
        _ if failure.is_refusal() => Cause::Refused,
        _ => Cause::Unreachable,
    }
}

/// Returns a text about a connection with the names that its fields have for sentinels.
fn named_for_sentinels(text: &str) -> String {
    let names = [
        ("`ssl", "`sentinel_ssl"),
        ("\"ssl\"", "\"sentinel_ssl\""),
        ("`username`", "`sentinel_username`"),
        ("`password`", "`sentinel_password`"),
        (" or a rediss:// url", ""),
    ];
    names
        .into_iter()
        .fold(text.to_owned(), |text, (server, sentinels)| {
            text.replace(server, sentinels)
        })
}

impl Member {
    /// Returns `true` if it has answered before, and not in `round`. A sentinel that was silent in
    /// the last round is not waited for.
    fn owes(&self, round: u64) -> bool {
        matches!(self.state, State::Answered(_)) && self.round < round
    }
}

impl State {
    /// Returns why the sentinel names no primary, and what kind of reason that is.
    fn reason(&self) -> (&str, Cause) {
        let answer = match self {
            Self::Dialled => return ("no answer yet", Cause::Unreachable),
            Self::Silent => return ("no answer in time", Cause::Unreachable),
            Self::Lost(failure) => return (&failure.message, cause_of(failure)),
            Self::Answered(answer) => answer,
        };
        let reason = match answer {
            Answer::UnknownService => "it knows no such service; check `service_name`",
            Answer::NoAddress => {
                "it knows no address of it; check there that the server runs, and that its name is known"
            }
            Answer::NoSentinel => "it is no sentinel; check `sentinels`",
            Answer::Refused(reason) => reason,
            Answer::Primary(_) => "it names one",
        };
        (reason, Cause::Refused)
    }
}
