//! The slots and config servers that belong to one set of settings.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use once_cell::sync::OnceCell;

use crate::component::Declaration;
use crate::config_server::ConfigServer;
use crate::scope;
use crate::settings::{Settings, Source};
use crate::slot::{Remains, Slot};
use crate::{ComponentConfig, Error, ErrorKind, key};

/// The environment variable that says where the config server is.
const ENVIRONMENT: &str = "REDIS_CONFIG_URL";

static GLOBAL: OnceCell<Arc<Registry>> = OnceCell::new();

/// One set of settings and what has been used under them.
#[derive(Debug)]
pub(crate) struct Registry {
    settings: Settings,
    installed: bool,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    servers: HashMap<String, Arc<ConfigServer>>,
    /// By config server's URL (none where configs are fixed) and key.
    slots: HashMap<(Option<String>, String), Arc<Slot>>,
    shut_down: bool,
}

impl Registry {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            installed: false,
            used: Mutex::default(),
        }
    }

    /// Makes `settings` those of the process.
    pub(crate) fn install(settings: Settings) -> Result<(), Error> {
        let registry = Self {
            installed: true,
            ..Self::new(settings)
        };
        GLOBAL.set(Arc::new(registry)).map_err(|_| {
            let earlier = if Self::global().installed {
                "settings are installed already; install them once, when the application starts"
            } else {
                "a component was used before the settings were installed; install them first"
            };
            Error::new(ErrorKind::Settings, earlier)
        })
    }

    /// The registry of the process.
    pub(crate) fn global() -> &'static Arc<Self> {
        GLOBAL.get_or_init(|| Arc::new(Self::new(Settings::default())))
    }

    /// The registry of the scope that is current, if one is.
    ///
    /// Fails where scopes are in use, none is current and nothing is installed: a test that forgot
    /// [`Scope::wrap`](crate::Scope::wrap) must not end up on somebody's real server.
    pub(crate) fn scoped() -> Result<Option<Arc<Self>>, Error> {
        if !scope::in_use() {
            return Ok(None);
        }
        let current = scope::current();
        if current.is_none() && !GLOBAL.get().is_some_and(|global| global.installed) {
            return Err(Error::new(
                ErrorKind::Settings,
                "this process uses `Settings::scope`, and this call is in none; wrap the spawned task in \
                 `Scope::wrap`, or install settings for the whole process",
            ));
        }
        Ok(current)
    }

    /// The registry that holds here.
    pub(crate) fn current() -> Result<Arc<Self>, Error> {
        Ok(Self::scoped()?.unwrap_or_else(|| Arc::clone(Self::global())))
    }

    /// The registry that holds here, if there is any yet; this is not a use that comes before [`install`](Self::install).
    pub(crate) fn in_force() -> Option<Arc<Self>> {
        scope::current().or_else(|| GLOBAL.get().cloned())
    }

    /// The key of a component's config.
    pub(crate) fn key(&self, declaration: &Declaration) -> &'static str {
        key::of(declaration, self.settings.prefix())
    }

    /// The slot of a component, made when it is first asked for.
    pub(crate) fn slot(&self, declaration: &Declaration) -> Result<Arc<Slot>, Error> {
        let Declaration {
            name,
            wait,
            connections,
            ..
        } = *declaration;
        let key = self.key(declaration);
        let url = match self.settings.source() {
            Source::Fixed(_) => None,
            Source::Server(url) => Some(url.clone()),
            Source::Environment => Some(from_environment(declaration)?),
        };
        let mut used = self.used();
        if used.shut_down {
            let message = "redis-components was shut down";
            return Err(Error::new(ErrorKind::ShutDown, message));
        }
        let Used { servers, slots, .. } = &mut *used;
        let entry = match slots.entry((url.clone(), key.to_owned())) {
            Entry::Occupied(slot) => {
                slot.get().expect(wait, connections);
                return Ok(Arc::clone(slot.get()));
            }
            Entry::Vacant(entry) => entry,
        };
        let conduct = self.settings.conduct();
        let slot = match (url, self.settings.source()) {
            (Some(url), _) => {
                let server = match servers.entry(url) {
                    Entry::Occupied(server) => Arc::clone(server.get()),
                    Entry::Vacant(entry) => {
                        let server = ConfigServer::start(entry.key(), self.settings.manner())?;
                        Arc::clone(entry.insert(Arc::new(server)))
                    }
                };
                Slot::on_server(name, key, server, conduct)
            }
            (None, source) => Slot::fixed(name, key, fixed(source, name)?, conduct),
        };
        slot.expect(wait, connections);
        let slot = Arc::new(slot);
        slot.follow_when_idle();
        Ok(Arc::clone(entry.insert(slot)))
    }

    /// Ends all slots, and says what connections there still are.
    pub(crate) fn shut_down(&self) -> Remains {
        let mut used = self.used();
        used.shut_down = true;
        let mut all = Remains {
            in_use: 0,
            closing: 0,
        };
        for slot in used.slots.values() {
            let remains = slot.shut_down();
            all.in_use += remains.in_use;
            all.closing += remains.closing;
        }
        all
    }

    /// Ends the connections that nobody uses, and the watches of all config servers.
    pub(crate) fn end(&self) {
        let used = self.used();
        used.slots.values().for_each(|slot| slot.end_unused());
        used.servers.values().for_each(|server| server.end());
    }

    /// The slots in use, sorted by component and key.
    pub(crate) fn slots(&self) -> Vec<Arc<Slot>> {
        let mut slots: Vec<_> = self.used().slots.values().cloned().collect();
        slots.sort_by(|a, b| (a.component(), a.key()).cmp(&(b.component(), b.key())));
        slots
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        // Entries are only ever added, each complete.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn from_environment(declaration: &Declaration) -> Result<String, Error> {
    let from_variable = env::var(ENVIRONMENT).ok().filter(|url| !url.is_empty());
    from_variable
        .or_else(|| declaration.config_server.map(str::to_owned))
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

fn fixed(source: &Source, name: &str) -> Result<ComponentConfig, Error> {
    let Source::Fixed(urls) = source else {
        return Err(Error::new(
            ErrorKind::Settings,
            "the settings name no config server",
        ));
    };
    let url = urls.get(name).ok_or_else(|| {
        let known: Vec<_> = urls.keys().map(String::as_str).collect();
        Error::new(
            ErrorKind::ConfigMissing,
            format!(
                "`Settings::fixed` gives no server for it; it gives: {}",
                known.join(", ")
            ),
        )
    })?;
    ComponentConfig::from_url(url).map_err(|error| {
        Error::new(
            ErrorKind::Settings,
            format!(
                "its url in `Settings::fixed` cannot be used: {}",
                error.message()
            ),
        )
    })
}
