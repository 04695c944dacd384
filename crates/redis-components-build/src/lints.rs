//! The lints that a crate forbids. It can contain no `allow` of them.

use std::collections::BTreeSet;

use syn::Attribute;

use crate::nodes;
use crate::source::attributes::named_lints;

/// The groups of lints, each with its lints that generated text may have to allow.
const GROUPS: [(&str, &[&str]); 8] = [
    (
        "unused",
        &["dead_code", "unreachable_code", "unused_imports"],
    ),
    ("nonstandard_style", &["non_snake_case"]),
    (
        "clippy::all",
        &[
            "clippy::needless_lifetimes",
            "clippy::type_complexity",
            "clippy::unit_arg",
        ],
    ),
    (
        "clippy::complexity",
        &[
            "clippy::needless_lifetimes",
            "clippy::type_complexity",
            "clippy::unit_arg",
        ],
    ),
    (
        "clippy::pedantic",
        &[
            "clippy::doc_markdown",
            "clippy::elidable_lifetime_names",
            "clippy::implicit_hasher",
            "clippy::large_futures",
            "clippy::missing_errors_doc",
            "clippy::used_underscore_binding",
            "clippy::used_underscore_items",
            "clippy::wildcard_imports",
        ],
    ),
    ("bad_style", &["non_snake_case"]),
    ("clippy::style", &[]),
    (
        "rustdoc::all",
        &[
            "rustdoc::broken_intra_doc_links",
            "rustdoc::private_intra_doc_links",
            "rustdoc::redundant_explicit_links",
        ],
    ),
];

/// The facts about the place of the generated modules that the later stages need.
pub(crate) struct Surroundings {
    pub(crate) forbidden: Forbidden,
    /// Whether `pub` items there are visible outside of the crate.
    pub(crate) is_exposed: bool,
}

impl Surroundings {
    /// Returns an `allow` of those lints that are not forbidden, if any is left.
    pub(crate) fn allow(&self, mut lints: BTreeSet<String>) -> Option<Attribute> {
        self.forbidden.remove_from(&mut lints);
        (!lints.is_empty()).then(|| nodes::allow(&lints))
    }
}

/// The lints and groups of lints that the crate forbids.
#[derive(Default)]
pub(crate) struct Forbidden {
    names: BTreeSet<String>,
}

impl Forbidden {
    pub(crate) fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        self.names.extend(names);
    }

    /// Adds the lints that a module's attributes forbid, also under a condition.
    pub(crate) fn extend_from_attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.names.extend(named_lints(&attribute.meta, "forbid"));
        }
    }

    /// Removes the lints that the crate forbids.
    pub(crate) fn remove_from(&self, lints: &mut BTreeSet<String>) {
        if self.names.contains("warnings") {
            lints.clear();
        }
        lints.retain(|lint| !self.names.contains(lint));
        for (group, members) in GROUPS {
            if self.names.contains(group) {
                lints.retain(|lint| !members.contains(&lint.as_str()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use syn::parse_quote;

    use super::Forbidden;

    #[test]
    fn forbidden_lints_and_groups_are_removed() {
        let mut forbidden = Forbidden::default();
        forbidden.extend_from_attributes(&[
            parse_quote!(#![forbid(dead_code, reason = "ours")]),
            parse_quote!(#![cfg_attr(test, forbid(clippy::pedantic))]),
        ]);
        let mut lints: BTreeSet<String> = ["dead_code", "clippy::large_futures", "unused_imports"]
            .map(str::to_owned)
            .into();
        forbidden.remove_from(&mut lints);
        assert_eq!(lints.into_iter().collect::<Vec<_>>(), ["unused_imports"]);
        forbidden.extend(["warnings".to_owned()]);
        let mut lints = BTreeSet::from(["unused_qualifications".to_owned()]);
        forbidden.remove_from(&mut lints);
        assert!(lints.is_empty());
    }
}
