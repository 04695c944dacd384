//! The slots and config servers that belong to one set of settings.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::env::{self, VarError};
use std::path::{Path, PathBuf, absolute};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::ComponentConfig;
use crate::config::secret::Secret;
use crate::config_server::ConfigServer;
use crate::config_server::fixed::FixedConfigs;
use crate::config_server::places::Watchers;
use crate::config_server::watched_key::WatchedKey;
use crate::declaration::Declaration;
use crate::error::{Error, ErrorKind};
use crate::fork::PerProcess;
use crate::settings::{Settings, Source};
use crate::slot::Slot;
use crate::slot::retire::StillOpen;

/// The environment variable that says where the config server is.
const ENVIRONMENT: &str = "REDIS_CONFIG_URL";

/// The environment variable that names the file of last good configs.
const LAST_GOOD: &str = "REDIS_COMPONENTS_LAST_GOOD";

/// One set of settings and what this process has used under them. A forked child keeps the settings
/// and starts again.
#[derive(Debug)]
pub(crate) struct Registry {
    settings: Settings,
    used: PerProcess<Mutex<Used>>,
}

/// A config server, and the fleet on it. Manifests with several prefixes make several fleets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Fleet {
    url: Secret,
    key_prefix: String,
}

/// A component in a fleet, or in none if configs are fixed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Member {
    fleet: Option<Fleet>,
    component: &'static str,
    key: &'static str,
}

#[derive(Debug)]
struct Used {
    servers: HashMap<Fleet, Arc<ConfigServer>>,
    /// Follows fixed configs whose servers may move, or whose secrets may change.
    fixed: Option<FixedConfigs>,
    /// The watches of sentinels, which all configs share.
    watchers: Arc<Watchers>,
    slots: HashMap<Member, Arc<Slot>>,
    shut_down: bool,
}

impl Registry {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            used: PerProcess::new(),
        }
    }

    /// Returns the key of a component's config.
    pub(crate) fn key(&self, declaration: &Declaration) -> &'static str {
        declaration.key_under(self.settings.prefix())
    }

    /// Returns the slot of a component, and makes it if it is asked for the first time.
    pub(crate) fn slot(&self, declaration: &Declaration) -> Result<Arc<Slot>, Error> {
        let Declaration {
            name,
            wait,
            connections,
            ..
        } = *declaration;
        let settings = &self.settings;
        let key = self.key(declaration);
        let (url, origin) = match settings.source() {
            Source::Fixed(_) => (None, ""),
            Source::Server(url) => (Some(url.clone()), "`Settings::new`"),
            Source::Environment => {
                let (url, origin) = from_environment(declaration)?;
                (Some(url), origin)
            }
        };
        let key_prefix = settings.prefix().unwrap_or(declaration.key_prefix);
        let fleet = url.map(|url| Fleet {
            url,
            key_prefix: key_prefix.to_owned(),
        });
        let member = Member {
            fleet: fleet.clone(),
            component: name,
            key,
        };
        let mut used = self.used();
        if used.shut_down {
            let message = "redis-components was shut down";
            return Err(Error::new(ErrorKind::ShutDown, message));
        }
        let Used {
            servers,
            fixed,
            watchers,
            slots,
            ..
        } = &mut *used;
        let entry = match slots.entry(member) {
            Entry::Occupied(slot) => {
                slot.get().expect(wait, connections);
                return Ok(Arc::clone(slot.get()));
            }
            Entry::Vacant(entry) => entry,
        };
        settings.allowed().demand_usable()?;
        let slot = match (fleet, settings.source()) {
            (Some(fleet), _) => {
                let server = match servers.entry(fleet) {
                    Entry::Occupied(server) => Arc::clone(server.get()),
                    Entry::Vacant(entry) => {
                        let url = entry.key().url.expose();
                        let last_good = last_good_file(settings);
                        let server = ConfigServer::start(
                            url, origin, settings, watchers, last_good, key_prefix,
                        )?;
                        Arc::clone(entry.insert(Arc::new(server)))
                    }
                };
                Slot::on_server(name, key, server, settings)
            }
            (None, source) => {
                let config = config_of(source, name)?;
                let leaves_much = config.sentinels().is_some()
                    || !config.needs().is_empty()
                    || settings.max_age().is_some();
                let (watched, background) = if leaves_much {
                    let configs = match fixed {
                        Some(configs) => configs,
                        None => fixed.insert(start_fixed(watchers)?),
                    };
                    let background = configs.background().clone();
                    (configs.watched(&config), Some(background))
                } else {
                    (Arc::new(WatchedKey::fixed(config)), None)
                };
                Slot::fixed(name, key, watched, background, settings)
            }
        };
        slot.expect(wait, connections);
        let slot = Arc::new(slot);
        slot.follow_when_idle();
        slot.follow_candidates();
        #[cfg(feature = "metrics")]
        slot.show_again_and_again();
        slot.report_to_fleet();
        Ok(Arc::clone(entry.insert(slot)))
    }

    /// Ends all slots, and returns the connections that are still open.
    pub(crate) fn shut_down(&self) -> StillOpen {
        let slots: Vec<Arc<Slot>> = {
            let mut used = self.used();
            used.shut_down = true;
            used.slots.values().cloned().collect()
        };
        let mut all = StillOpen {
            in_use: 0,
            closing: 0,
        };
        // Each shows its gauges, and a recorder may itself ask for `status()`, which takes the lock.
        for slot in slots {
            let of_slot = slot.shut_down();
            all.in_use += of_slot.in_use;
            all.closing += of_slot.closing;
        }
        all
    }

    pub(crate) fn was_shut_down(&self) -> bool {
        self.used().shut_down
    }

    /// Ends the connections that nobody uses, and the watches of all config servers.
    pub(crate) fn end(&self) {
        let used = self.used();
        used.slots.values().for_each(|slot| slot.close_unused());
        used.servers.values().for_each(|server| server.end());
        used.fixed.iter().for_each(FixedConfigs::end);
    }

    /// Returns `true` if the config servers have no receipt of this process any more, or the last
    /// word about that was said.
    pub(crate) fn has_left(&self) -> bool {
        self.used().servers.values().all(|server| server.has_left())
    }

    /// Returns the slots in use, sorted by component and key.
    pub(crate) fn slots(&self) -> Vec<Arc<Slot>> {
        let mut slots: Vec<_> = self.used().slots.values().cloned().collect();
        slots.sort_by(|a, b| (a.component(), a.key()).cmp(&(b.component(), b.key())));
        slots
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        let used = self.used.get_or_init(|| {
            // Children of one process would otherwise pause for the same times when a server is
            // gone.
            fastrand::seed(fastrand::u64(..) ^ u64::from(process::id()));
            Mutex::new(Used {
                servers: HashMap::new(),
                fixed: None,
                watchers: Arc::new(Watchers::new(&self.settings)),
                slots: HashMap::new(),
                shut_down: false,
            })
        });
        // Entries are only ever added, each complete.
        used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns where the config server is, and who says so.
fn from_environment(declaration: &Declaration) -> Result<(Secret, &'static str), Error> {
    let from_variable = match env::var(ENVIRONMENT) {
        Ok(url) => Some(url).filter(|url| !url.is_empty()),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => {
            let text =
                format!("the environment variable {ENVIRONMENT} is not UTF-8; write it anew");
            return Err(Error::new(ErrorKind::Settings, text));
        }
    };
    let from_manifest = || Some((declaration.config_server?.to_owned(), "components.toml"));
    from_variable
        .map(|url| (url, ENVIRONMENT))
        .or_else(from_manifest)
        .map(|(url, origin)| (Secret::new(url), origin))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NoConfigServer,
                format!(
                    "nothing says where the config server is; call \
                     redis_components::Settings::new(\"redis://…\").install(), set the environment variable \
                     {ENVIRONMENT}, or give `url` under [config-server] in components.toml"
                ),
            )
        })
}

/// Returns the path of the file of last good configs, which stays the same when the process changes
/// its folder.
fn last_good_file(settings: &Settings) -> Option<PathBuf> {
    let from_settings = settings.last_good().map(Path::to_owned);
    let path = from_settings.or_else(|| env::var_os(LAST_GOOD).map(PathBuf::from))?;
    let is_named = !path.as_os_str().is_empty();
    is_named.then(|| absolute(&path).unwrap_or(path))
}

fn start_fixed(watchers: &Arc<Watchers>) -> Result<FixedConfigs, Error> {
    FixedConfigs::start(watchers).map_err(|error| {
        Error::new(
            ErrorKind::ServerUnreachable,
            format!("the thread that follows sentinels and files cannot be started: {error}"),
        )
    })
}

fn config_of(source: &Source, name: &str) -> Result<ComponentConfig, Error> {
    let Source::Fixed(texts) = source else {
        return Err(Error::new(
            ErrorKind::Settings,
            "the settings name no config server",
        ));
    };
    let text = texts.get(name).ok_or_else(|| {
        let known: Vec<_> = texts.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "it gives none".to_owned()
        } else {
            format!("it gives: {}", known.join(", "))
        };
        Error::new(
            ErrorKind::ConfigMissing,
            format!("`Settings::fixed` gives no server for it; {known}"),
        )
    })?;
    let is_json = text.expose().trim_start().starts_with('{');
    let (what, config) = if is_json {
        ("config", ComponentConfig::from_json(text.expose()))
    } else {
        ("url", ComponentConfig::from_url(text.expose()))
    };
    config.map_err(|error| {
        let reason = error.message();
        let text = format!("its {what} in `Settings::fixed` cannot be used: {reason}");
        Error::new(ErrorKind::Settings, text)
    })
}
