//! The keys of a manifest, in one table. The parser reads it, and the JSON Schema is written from
//! it.

/// A key and the values that it accepts.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// The key's purpose, for help texts and editors.
    pub(super) about: &'static str,
    pub(super) shape: Shape,
}

/// The values that a key accepts.
pub(super) enum Shape {
    Text,
    Duration,
    /// A whole number in a range.
    Count(u64, u64),
    OneOf(&'static [&'static str]),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table whose own keys are names. Under each is a table with these keys.
    Tables(&'static [Key]),
    /// An array of names, or tables by name, as above.
    NamesOrTables(&'static [Key]),
}

pub(super) const ROOT: &[Key] = &[
    Key {
        name: "config-server",
        about: "the server that says where the components are",
        shape: Shape::Table(CONFIG_SERVER),
    },
    Key {
        name: "components",
        about: "one table for each component",
        shape: Shape::Tables(COMPONENT),
    },
];

const CONFIG_SERVER: &[Key] = &[
    Key {
        name: "url",
        about: "the config server where neither code nor environment names one, without a password; also several urls with commas between, or JSON",
        shape: Shape::Text,
    },
    Key {
        name: "key-prefix",
        about: "what a component's config key begins with, by default `config:redis:`",
        shape: Shape::Text,
    },
];

const COMPONENT: &[Key] = &[
    Key {
        name: "doc",
        about: "the documentation of the generated module",
        shape: Shape::Text,
    },
    Key {
        name: "source",
        about: "the file with the functions, relative to the package, by default `src/functions/<component>.rs`",
        shape: Shape::Text,
    },
    Key {
        name: "module",
        about: "the path of the functions' module, where it does not follow from `source`",
        shape: Shape::Text,
    },
    Key {
        name: "functions",
        about: "the functions to wrap: an array of names, or a table where one of them has options",
        shape: Shape::NamesOrTables(FUNCTION),
    },
    Key {
        name: "wait",
        about: "how old a config may be when a call begins, by default `1s`; `0s` checks before every call",
        shape: Shape::Duration,
    },
    Key {
        name: "key",
        about: "the component's whole config key, by default the prefix and the name",
        shape: Shape::Text,
    },
    Key {
        name: "cfg",
        about: "the condition under which the component is there, as in `#[cfg(…)]`",
        shape: Shape::Text,
    },
    Key {
        name: "connections",
        about: "how many sockets the asynchronous calls of one runtime share, by default 1",
        shape: Shape::Count(1, 64),
    },
];

const FUNCTION: &[Key] = &[
    Key {
        name: "connection",
        about: "`dedicated` for a socket of the call's own, which commands that block or change its state need",
        shape: Shape::OneOf(&["shared", "dedicated"]),
    },
    Key {
        name: "returns",
        about: "whether the return type is a `Result`, where its name does not tell",
        shape: Shape::OneOf(&["result", "value"]),
    },
    Key {
        name: "after-move",
        about: "`stay` if waits and subscriptions stay on the server that the component has left",
        shape: Shape::OneOf(&["follow", "stay"]),
    },
];

impl Shape {
    /// Returns a description of the accepted values.
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Duration => {
                "a string with a unit, such as \"1s\", \"250ms\", \"2m\" or \"0s\"".to_owned()
            }
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::OneOf(words) => words
                .iter()
                .map(|word| format!("\"{word}\""))
                .collect::<Vec<_>>()
                .join(" or "),
            Self::Table(_) | Self::Tables(_) => "a table".to_owned(),
            Self::NamesOrTables(_) => "an array of function names, or a table".to_owned(),
        }
    }

    /// Returns the keys of the tables that are accepted.
    pub(super) fn keys(&self) -> &'static [Key] {
        match self {
            Self::Table(keys) | Self::Tables(keys) | Self::NamesOrTables(keys) => keys,
            Self::Text | Self::Duration | Self::Count(..) | Self::OneOf(_) => &[],
        }
    }
}
