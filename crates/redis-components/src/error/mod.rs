//! The errors between a call and its component's server.

mod convert;
pub(crate) mod errors;
pub(crate) mod repeats;
pub(crate) mod server_words;
pub(crate) mod text;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why a component has no connection for a call, or a config could not be read or written.
///
/// The text names the component, its config key and the server concerned, never a password, and
/// says what to do. Cloning is cheap: all callers that waited for the same attempt get the same
/// error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    component: Option<String>,
    key: Option<String>,
    server: Option<String>,
    message: String,
}

/// The kind of an [`Error`], to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing says where the config server is.
    NoConfigServer,
    /// The config server does not answer.
    ConfigServerUnreachable,
    /// The config server answers with an error, such as `NOAUTH` or `LOADING`.
    ConfigServerRefused,
    /// The component's key is not on the config server, and never was while this process ran.
    ConfigMissing,
    /// The component's config is not what [`ComponentConfig`](crate::ComponentConfig) describes, or
    /// this process lacks what it asks for: an environment variable, a provider, a feature.
    ConfigInvalid,
    /// What the config refers to, or that of the config server, cannot be used now: a file of a secret
    /// or certificate is missing or broken, or a provider gives no login. It is looked at again, and
    /// the config need not change.
    ReferenceUnavailable,
    /// The [`Policy`](crate::Policy) of this process forbids to connect to the server that the config
    /// names, or to the config server.
    ForbiddenByPolicy,
    /// The component is switched off on purpose: its config says `{"disabled": true}`.
    Disabled,
    /// The component's server does not answer. Nothing of the call was sent.
    ServerUnreachable,
    /// The component's server answers with an error, such as `WRONGPASS` or `LOADING`, or its
    /// certificate is not trusted.
    ServerRefused,
    /// All of the component's blocking connections stayed in use for the whole timeout.
    PoolExhausted,
    /// An asynchronous call outside a tokio runtime, or in a runtime without its I/O and time
    /// drivers.
    NoRuntime,
    /// A command that changes the session of a shared connection, or waits on it, was refused
    /// before it was sent. Its function needs `connection = "dedicated"` in `components.toml`.
    NeedsDedicated,
    /// The function takes a type of redis-rs that cannot reach the kind of server that the config
    /// names: a `redis::Connection` or a `ConnectionManager` over TLS, for example.
    UnsupportedConnection,
    /// The component is a cluster, and the command or the function's connection type needs a single
    /// server. Nothing was sent.
    NeedsSingleServer,
    /// The component has moved while a call waited on its old server, or subscribed there. Call
    /// again: it goes to the new server.
    ComponentMoved,
    /// A dedicated connection was closed because a command that waited was given up, and what the
    /// call had begun there (`SELECT`, `WATCH`, `MULTI`) has ended; or the connection is a clone, and
    /// its call has closed it. Nothing was sent. Begin again.
    ConnectionClosed,
    /// [`shutdown`](crate::shutdown) was called.
    ShutDown,
    /// The [`Settings`](crate::Settings) cannot be used as they are, or here.
    Settings,
}

impl ErrorKind {
    /// Returns `true` if a retry fails as well, unless something is changed first.
    pub(crate) fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::NoConfigServer
                | Self::ConfigInvalid
                | Self::ForbiddenByPolicy
                | Self::Disabled
                | Self::NoRuntime
                | Self::NeedsDedicated
                | Self::UnsupportedConnection
                | Self::NeedsSingleServer
                | Self::Settings
                | Self::ShutDown
        )
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            component: None,
            key: None,
            server: None,
            message: message.into(),
        }))
    }

    /// Sets the component, config key and server that the error is about.
    pub(crate) fn about(self, component: &str, key: &str, server: Option<&str>) -> Self {
        self.change(|inner| {
            inner.component = Some(component.to_owned());
            inner.key = Some(key.to_owned());
            inner.server = server.map(str::to_owned);
        })
    }

    /// Sets the server that the error is about.
    pub(crate) fn at(self, server: &str) -> Self {
        self.change(|inner| inner.server = Some(server.to_owned()))
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
            kind: shared.kind,
            component: shared.component.clone(),
            key: shared.key.clone(),
            server: shared.server.clone(),
            message: shared.message.clone(),
        });
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the component's name, if the error is about a component.
    #[must_use]
    pub fn component(&self) -> Option<&str> {
        self.0.component.as_deref()
    }

    /// Returns the key of the component's config on the config server.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// Returns the address of the server concerned, as `host:port` without credentials: the config
    /// server's for errors of the config, the component's own for errors of its server.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.0.server.as_deref()
    }

    /// Returns the text without the component's name, for places that show the name themselves.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(component) = &self.0.component {
            write!(f, "component `{component}`: ")?;
        }
        f.write_str(&self.0.message)
    }
}

/// The kind and the text: `main` prints the `Debug` form of the error it returns, and people read
/// it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

/// There is no `source`: the text says all, and a report that prints causes would repeat it.
impl StdError for Error {}
