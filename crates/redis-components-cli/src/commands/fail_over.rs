//! `move` of a component behind sentinels: they let the server take over, and the config stays.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::lines::warn;
use crate::moving::servers::identity::{runs_behind, runs_of};
use crate::moving::servers::link::{Link, Place};
use crate::moving::servers::seen::Shown;
use crate::moving::servers::service::{Listed, Service};
use crate::moving::steps::script::{Sent, shown as shown_commands};
use crate::output::Reply;
use crate::session::Session;

const LOOKED_EVERY: Duration = Duration::from_millis(20);
/// What a sentinel answers if it fails over already.
const UNDER_WAY: &str = "INPROG";

/// What a person asks the sentinels for.
pub(crate) struct Wish<'a> {
    pub(crate) to: &'a (String, u16),
    pub(crate) accepts_loss: bool,
    pub(crate) is_dry_run: bool,
    pub(crate) timeout: Duration,
}

/// Lets the sentinels make another of their servers the primary.
pub(crate) async fn fail_over(
    context: &Context,
    session: &Session,
    service: &Service,
    wish: &Wish<'_>,
) -> Result<Reply, Failure> {
    let component = &*service.component;
    let steps = &context.steps;
    steps.begin("preflight", &json!({}));
    let sentinel = service.connect().await?;
    let (host, port) = service.primary(&sentinel).await?;
    let source = service.server(&host, port)?;
    let target = service.server(&wish.to.0, wish.to.1)?;
    let (from, to) = (source.address(), target.address());
    if source.is_same(&target).await {
        steps.done(&json!({}));
        let line = format!("{component}: {to} is the primary of the sentinels");
        return reply(service, "committed", (&source, &target), line).await;
    }
    let refused = |text: String| {
        let text = format!("{text}; nothing has changed");
        let failure = Failure::new(Code::NotPossible, text);
        Err(failure.of_component(component).at(&to))
    };
    if is_config_server(session, &source).await {
        return refused(format!(
            "{from} is the config server, and would become a replica, where no command can write configs; give the \
            configs a server of their own"
        ));
    }
    let listed = service.replicas(&sentinel).await?;
    let Some(replica) = find(&listed, &target).await else {
        return refused(format!(
            "{to} is no replica that the sentinels know; let it follow with REPLICAOF {host} {port}, and \
            wait until `SENTINEL REPLICAS {}` lists it",
            service.name
        ));
    };
    if !replica.is_first_of(&listed) {
        return refused(format!(
            "the sentinels may choose another replica than {to}; set its `replica-priority` to 1, that of \
            the others higher, and wait until `SENTINEL REPLICAS {}` shows that and that it is linked",
            service.name
        ));
    }
    let is_coordinated = service.is_coordinated(&sentinel).await?;
    if !is_coordinated && !wish.accepts_loss {
        return refused(format!(
            "these sentinels do not let {from} hand over: it goes on to acknowledge writes until it hears \
            of the new primary, and these are lost; Valkey 9 has `SENTINEL FAILOVER {} COORDINATED`; \
            `min-replicas-to-write` on all servers bounds the loss; take it with --accept-loss",
            service.name
        ));
    }
    let words: &[&str] = if is_coordinated {
        &["SENTINEL", "FAILOVER", &service.name, "COORDINATED"]
    } else {
        &["SENTINEL", "FAILOVER", &service.name]
    };
    steps.done(&json!({}));
    if wish.is_dry_run {
        let (host, port) = wish.to;
        let mut sent = vec![Sent {
            server: sentinel.place.address(),
            command: words.join(" "),
        }];
        if !is_coordinated {
            sent.push(Sent {
                server: from,
                command: format!("REPLICAOF {host} {port}"),
            });
        }
        let reply = reply(service, "synced", (&source, &target), String::new()).await?;
        return Ok(shown_commands(&sent, reply.data));
    }
    let loses = if is_coordinated {
        ""
    } else {
        ", and lose writes that it acknowledges meanwhile"
    };
    let question = format!("Let the sentinels fail over from {from} to {to}{loses}?");
    context.confirm(&question).await?;
    steps.begin("cut", &json!({}));
    // Both must let this command in.
    source.connect().await?;
    target.connect().await?;
    context.stage.set(Stage::FailingOver);
    let address = sentinel.place.address();
    match sentinel.try_query::<redis::Value>(words).await {
        Err(error) if error.code().is_some_and(|code| code != UNDER_WAY) => {
            return Err(sentinel.failure(&error));
        }
        // After a lost answer the servers themselves say what came of it.
        _ => {}
    }
    let until = Instant::now() + wish.timeout;
    let has_taken_over = is_coordinated || let_follow(&source, &target, wish.to, until).await;
    if !has_taken_over || !wait(service, sentinel, &target, until).await {
        let text = format!(
            "the sentinels have not made {to} the primary in time; look with `SENTINEL MASTER {}`, and give \
            the same command again",
            service.name
        );
        let failure = Failure::new(Code::NotReady, text).of_component(component);
        return Err(failure.at(&address));
    }
    steps.done(&json!({}));
    let line = format!("{component}: {from} -> {to}, by its sentinels; the config stays");
    reply(service, "committed", (&source, &target), line).await
}

/// Returns `true` if a server is the config server, and commands would not follow it to another.
async fn is_config_server(session: &Session, server: &Place) -> bool {
    let Some(config) = session.config() else {
        return false;
    };
    let follows = Service::of_config("", &config.to_json()).is_some();
    let runs = runs_of(&[server]).await;
    let [Ok(run)] = &runs_behind(vec![config]).await[..] else {
        return false;
    };
    !follows && runs.contains(run)
}

async fn find<'a>(listed: &'a [Listed], target: &Place) -> Option<&'a Listed> {
    for replica in listed {
        if replica.is_at(target).await {
            return Some(replica);
        }
    }
    None
}

/// Lets the old primary follow the new one as soon as that takes writes, and says for how long both may
/// have taken them. Sentinels let it follow when they have noticed, which takes them a second. Returns
/// `false` if the new one takes no writes in time.
async fn let_follow(source: &Place, target: &Place, to: &(String, u16), until: Instant) -> bool {
    let (mut link, mut since) = (None, Instant::now());
    loop {
        let looked = Instant::now();
        if link.is_none() {
            link = target.connect().await.ok();
        }
        let seen = match &link {
            Some(target) => target.replication_soon().await,
            None => None,
        };
        match seen {
            Some(seen) if seen.is_primary() => break,
            Some(_) => since = looked,
            // Sentinels end the connections to a server that takes over.
            None => link = None,
        }
        if Instant::now() > until {
            return false;
        }
        sleep(LOOKED_EVERY).await;
    }
    let port = to.1.to_string();
    let followed = match source.connect().await {
        Ok(old) => old.query::<()>(&["REPLICAOF", &to.0, &port]).await,
        Err(failure) => Err(failure),
    };
    let (from, to) = (source.address(), target.address());
    let time = since.elapsed().as_millis();
    warn(&match followed {
        Ok(()) => format!(
            "{from} may have acknowledged writes that {to} does not have, for {time} ms at most"
        ),
        Err(failure) => format!(
            "{from} may acknowledge writes that {to} does not have, until the sentinels let it follow: {}",
            failure.message
        ),
    });
    true
}

/// Returns `true` when the new server is the primary and a sentinel says so, and `false` when time is
/// over.
async fn wait(service: &Service, mut sentinel: Link, new: &Place, until: Instant) -> bool {
    loop {
        match service.primary(&sentinel).await {
            Ok((host, port)) => {
                // Sentinels end the connections to a server that takes over.
                if let Ok(primary) = service.server(&host, port)
                    && primary.is_same(new).await
                    && let Ok(link) = new.connect().await
                    && link.is_primary_soon().await
                {
                    return true;
                }
            }
            Err(_) => {
                if let Ok(another) = service.connect().await {
                    sentinel = another;
                }
            }
        }
        if Instant::now() > until {
            return false;
        }
        sleep(LOOKED_EVERY).await;
    }
}

async fn reply(
    service: &Service,
    state: &str,
    (source, target): (&Place, &Place),
    line: String,
) -> Result<Reply, Failure> {
    let data = json!({
        "component": service.component,
        "with": [],
        "id": format!("sentinels-{}", service.name),
        "since": Value::Null,
        "by": Value::Null,
        "state": state,
        "source": shown(source).await,
        "target": shown(target).await,
        "can_be_undone": false,
        "candidate": null,
        "held_ms": Value::Null,
        "checks": Value::Null,
        "compared": Value::Null,
    });
    Ok(Reply::new(data, line))
}

async fn shown(place: &Place) -> Shown {
    let seen = match place.connect().await {
        Ok(link) => link.see().await.ok(),
        Err(_) => None,
    };
    Shown::new(&place.address(), seen.as_ref())
}
