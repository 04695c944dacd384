//! The sentinels of a service that are known, with their newest answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};

use super::deployments::{Statement, disagree, disagreement, of_the_service};
use super::election::Election;
use super::link::{Depth, Link, Report, Round, What};
use super::member::{Member, State};
use super::replies::Replicas;
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Primary, Sentinels};
use crate::config::sentinels::named_for_sentinels;
use crate::error::text::printable;
use crate::settings::policy::Policy;
use crate::transport::contents::sources::Sources;
use crate::transport::failure::Cause;
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
    switched: Arc<Notify>,
    rounds: watch::Sender<Round>,
    /// Whether a sentinel has published a switch since the last round began.
    has_switched: bool,
    members: Vec<Member>,
    /// The number of the next link.
    next: u64,
    election: Election,
}

impl Fleet {
    /// Connects to the sentinels that the config names.
    pub(super) fn new(
        sentinels: &Sentinels,
        policy: &Arc<Policy>,
        sources: &Arc<Sources>,
        connect: Duration,
        reports: mpsc::UnboundedSender<Report>,
        switched: &Arc<Notify>,
    ) -> Self {
        let mut fleet = Self {
            sentinels: sentinels.clone(),
            policy: Arc::clone(policy),
            sources: Arc::clone(sources),
            connect,
            reports,
            switched: Arc::clone(switched),
            rounds: watch::Sender::default(),
            has_switched: false,
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
            switched: Arc::clone(&self.switched),
        };
        self.members.push(Member {
            number,
            address,
            is_configured,
            state: State::Dialled,
            round: 0,
            reached: None,
            aliases: Vec::new(),
            replicas: Replicas::NotAsked,
            peers: Vec::new(),
            task: tokio::spawn(link.keep()),
        });
    }

    /// Begins a round. Sentinels are asked for replicas only if they do not agree, or soon may not.
    pub(super) fn begin(&mut self, number: u64) {
        let has_switched = std::mem::take(&mut self.has_switched);
        let depth = if self.is_unexplained(&self.statements()) {
            Depth::Names
        } else if has_switched {
            Depth::Replicas
        } else {
            Depth::Primary
        };
        self.rounds.send_replace(Round { number, depth });
    }

    /// Returns `true` if sentinels disagree, and were not asked for replicas in this round.
    pub(super) fn has_unexplained(&self) -> bool {
        self.rounds.borrow().depth == Depth::Primary && self.is_unexplained(&self.statements())
    }

    /// Returns `true` if sentinels disagree, and more may be found out about it.
    pub(super) fn has_more_to_ask(&self) -> bool {
        let depth = self.rounds.borrow().depth;
        let is_doubted = || self.believed(&self.statements()).contains(&false);
        self.has_unexplained() || depth == Depth::Replicas && is_doubted()
    }

    /// Returns `true` if sentinels disagree with each other, or with what is in use.
    fn is_unexplained(&self, statements: &[Statement<'_>]) -> bool {
        disagree(statements) || self.believed(statements).contains(&false)
    }

    /// Returns for each statement whether it is about the service that is meant.
    fn believed(&self, statements: &[Statement<'_>]) -> Vec<bool> {
        let configured = self.sentinels.addresses.len();
        of_the_service(statements, self.election.in_use(), configured)
    }

    /// Notes that a sentinel has published a switch.
    pub(super) fn note_switch(&mut self) {
        self.has_switched = true;
    }

    /// Takes what a sentinel did.
    pub(super) fn take(&mut self, Report { link, what }: Report) {
        let Some(member) = self.members.iter_mut().find(|member| member.number == link) else {
            // It was let go.
            return;
        };
        match what {
            What::Answered {
                round,
                answer,
                aliases,
                replicas,
                peers,
                reached,
            } => {
                member.round = round;
                member.reached = reached;
                member.state = State::Answered(answer);
                member.aliases = aliases;
                member.replicas = replicas;
                if let Some(peers) = peers {
                    member.peers = peers;
                }
            }
            What::Silent { round } => {
                member.round = round;
                let before = std::mem::replace(&mut member.state, State::Dialled);
                member.state = before.silent();
            }
            What::Lost(failure) => {
                member.peers.clear();
                member.state = State::Lost(failure);
            }
        }
    }

    /// Returns `true` if a sentinel that answers has not answered in this round.
    pub(super) fn has_unanswered(&self) -> bool {
        let round = self.rounds.borrow().number;
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
        self.members
            .iter()
            .any(|member| member.statement().is_some())
    }

    fn statements(&self) -> Vec<Statement<'_>> {
        self.members.iter().filter_map(Member::statement).collect()
    }

    /// Elects the primary. Returns it if it is another one than before.
    pub(super) fn elect(&mut self) -> Option<Primary> {
        let configured = self.sentinels.addresses.len();
        let statements: Vec<_> = self.members.iter().filter_map(Member::statement).collect();
        self.election
            .decide(&statements, configured, Instant::now())
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
        // Sentinels of another deployment must not become the majority.
        let statements = self.statements();
        let believed = self.believed(&statements);
        let doubted: Vec<&Address> = statements
            .iter()
            .zip(believed)
            .filter_map(|(one, is_believed)| (!is_believed).then_some(one.sentinel))
            .collect();
        let named: Vec<Address> = self
            .members
            .iter()
            .filter(|member| !doubted.contains(&&member.address))
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

    /// Returns why no sentinel names a primary, if none does, or why some are not believed. `known`
    /// is the last primary that was elected.
    pub(super) fn no_primary(&self, known: Option<&Primary>) -> Option<NoPrimary> {
        if self.has_answers() {
            let statements = self.statements();
            let (service, configured) = (&self.sentinels.service, self.sentinels.addresses.len());
            let message = disagreement(service, &statements, known, configured)?;
            let cause = Cause::Refused;
            return Some(NoPrimary { cause, message });
        }
        let service = printable(&self.sentinels.service);
        let mut causes = Vec::new();
        let reasons: Vec<String> = self
            .members
            .iter()
            .filter(|member| member.is_configured)
            .map(|Member { address, state, .. }| {
                let (reason, cause) = state.reason();
                let reason = named_for_sentinels(&reason);
                causes.push(cause);
                format!("{address}: {reason}")
            })
            .collect();
        let reasons = reasons.join("; ");
        let stays = known.map_or_else(String::new, |primary| {
            format!("; {}, which they named last, stays in use", primary.address)
        });
        let message = format!("no sentinel names the primary of `{service}` ({reasons}){stays}");
        let telling = [
            Cause::Refused,
            Cause::Forbidden,
            Cause::Local,
            Cause::Unavailable,
        ];
        let cause = telling.into_iter().find(|cause| causes.contains(cause));
        Some(NoPrimary {
            cause: cause.unwrap_or(Cause::Unreachable),
            message,
        })
    }
}
