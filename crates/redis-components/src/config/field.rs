//! A field of a config: the values that it takes, and its effect.

use serde_json::Value;

use super::tls::TlsVersion;
use super::{number, reference};

/// The longest timeout that a config can ask for, in seconds, so that every call ends.
pub(super) const LONGEST_TIMEOUT: f64 = 600.0;
/// The shortest timeout that a config can ask for, in seconds.
pub(super) const SHORTEST_TIMEOUT: f64 = 0.001;

/// TLS 1.2 and TLS 1.3, as they are numbered in TLS itself and in Python.
const TLS_1_2: u64 = 771;
pub(super) const TLS_1_3: u64 = 772;

/// A field of a config.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) effect: Effect,
    /// Its meaning, in a line of Markdown.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the documentation is made of it")
    )]
    pub(super) meaning: &'static str,
    /// The value that an absent field has, in Markdown.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the documentation is made of it")
    )]
    pub(super) default: &'static str,
    /// Names that people write when they mean this field.
    pub(super) also: &'static [&'static str],
}

/// The effect of a field on a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It is used.
    Used,
    /// It is accepted and ignored.
    Ignored,
    /// It is an option of TLS: used if `ssl` is true, ignored if it is false, refused otherwise.
    OfTls,
    /// It is an option of TLS that has no counterpart here: refused unless `ssl` is false. The text
    /// says what to do instead.
    UnusableOfTls(&'static str),
    /// It refuses the config, because it asks for something that this version does not have.
    Refused(&'static str),
}

/// The values that a field may have, besides `null`, which means that the field is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Flag,
    /// A flag. 0 is another spelling of `false`, and every other number of `true`.
    FlagOrNumber,
    Text,
    /// Text, or where it stands.
    TextOrReference,
    /// An absolute path.
    Path,
    TlsVersion,
    /// One of two values, as JSON.
    Either(&'static str, &'static str),
    /// A whole number, which may stand in quotes or be written as a float.
    Whole {
        least: u64,
        most: u64,
    },
    /// A whole number from 1 up.
    Count,
    Seconds,
    /// Several servers.
    Servers,
    /// Fields in a JSON object of their own.
    Object,
}

impl Field {
    pub(super) const fn used(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        also: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            effect: Effect::Used,
            meaning,
            default: "none",
            also,
        }
    }

    pub(super) const fn ignored(name: &'static str, meaning: &'static str) -> Self {
        Self {
            effect: Effect::Ignored,
            ..Self::used(name, Kind::Any, meaning, &[])
        }
    }

    pub(super) const fn unusable_of_tls(name: &'static str, instead: &'static str) -> Self {
        Self {
            effect: Effect::UnusableOfTls(instead),
            ..Self::used(name, Kind::Any, "an option of TLS", &[])
        }
    }

    pub(super) const fn refused(
        name: &'static str,
        asks_for: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            effect: Effect::Refused(asks_for),
            ..Self::used(name, Kind::Any, meaning, &[])
        }
    }
}

impl Kind {
    /// Returns the flag that the value stands for.
    pub(super) fn flag(self, value: &Value) -> Option<bool> {
        match self {
            Self::Flag => value.as_bool(),
            Self::FlagOrNumber => value
                .as_bool()
                .or_else(|| value.as_f64().map(|number| number != 0.0)),
            _ => None,
        }
    }

    /// Returns the whole number that the value stands for, if it is in range.
    pub(super) fn whole(self, value: &Value) -> Option<u64> {
        match self {
            Self::Whole { least, most } => {
                number::whole(value).filter(|number| (least..=most).contains(number))
            }
            Self::Count => value.as_u64().filter(|count| *count > 0),
            _ => None,
        }
    }

    /// Returns the number of seconds that the value stands for, if it is in range.
    pub(super) fn seconds(self, value: &Value) -> Option<f64> {
        let range = SHORTEST_TIMEOUT..=LONGEST_TIMEOUT;
        let seconds = (self == Self::Seconds).then(|| value.as_f64()).flatten();
        seconds.filter(|seconds| range.contains(seconds))
    }

    /// Returns the version of TLS that the value stands for.
    pub(super) fn tls_version(self, value: &Value) -> Option<TlsVersion> {
        match (self, value.as_u64()) {
            (Self::TlsVersion, Some(TLS_1_2)) => Some(TlsVersion::Tls12),
            (Self::TlsVersion, Some(TLS_1_3)) => Some(TlsVersion::Tls13),
            _ => None,
        }
    }

    /// Returns `true` for the second of two values, and `false` for the first.
    pub(super) fn is_other(self, value: &Value) -> Option<bool> {
        let Self::Either(one, other) = self else {
            return None;
        };
        let text = value.to_string();
        (text == other)
            .then_some(true)
            .or((text == one).then_some(false))
    }

    /// Returns the description of the values, to stand after "must be".
    pub(super) fn described(self) -> String {
        match self {
            Self::Any => "anything".into(),
            Self::Flag => "true or false".into(),
            Self::FlagOrNumber => "true or false, without quotes".into(),
            Self::Text => "text in quotes".into(),
            Self::TextOrReference => format!("text in quotes, or {}", reference::FORM),
            Self::Path => "an absolute path in quotes".into(),
            Self::TlsVersion => format!("{TLS_1_2} or {TLS_1_3}"),
            Self::Either(one, other) => format!("{one} or {other}"),
            Self::Whole { least, most } if most == u64::from(u32::MAX) => {
                format!("a whole number from {least} up")
            }
            Self::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Self::Count => "a whole number from 1 up".into(),
            Self::Servers => "servers, `[\"host:port\", …]`".into(),
            Self::Object => "an object".into(),
            Self::Seconds => {
                format!("a number of seconds from {SHORTEST_TIMEOUT} to {LONGEST_TIMEOUT}")
            }
        }
    }
}
