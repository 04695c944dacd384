//! Which file imports from which.

use std::collections::BTreeSet;

use crate::paths::{File, Mention};
use crate::source::Tree;

/// How often a name is followed from file to file.
const MOST_HOPS: usize = 8;

/// An import.
#[derive(Debug)]
pub(crate) struct Arrow<'a> {
    pub(crate) from: &'a str,
    pub(crate) line: usize,
    /// The path, as it is written.
    pub(crate) text: &'a str,
    pub(crate) to: &'a str,
    /// Whether `to` does not define the item but imports it too.
    pub(crate) is_re_export: bool,
}

/// Returns the arrows between files, each path of a file once.
pub(crate) fn arrows(tree: &Tree) -> Vec<Arrow<'_>> {
    let mut arrows = Vec::new();
    for (from, file) in &tree.files {
        let mut seen = BTreeSet::new();
        // The import of an item is an arrow, and its use is none. A module's use may lead on.
        let leads_on = |mention: &&Mention| tree.is_module(&mention.path[..mention.imported]);
        for mention in file.mentions.iter().filter(leads_on) {
            let mut all = follow(tree, from, mention);
            all.retain(|arrow| arrow.to != from && seen.insert((arrow.to, arrow.text)));
            arrows.extend(all);
        }
    }
    arrows
}

/// Returns the arrows to the file that a path names and, if that file imports the item itself, on
/// to the file that defines it.
fn follow<'a>(tree: &'a Tree, from: &'a str, mention: &'a Mention) -> Vec<Arrow<'a>> {
    let mut arrows = Vec::new();
    let mut path = mention.path.clone();
    for _ in 0..MOST_HOPS {
        let Some((to, rest)) = tree.deepest(&path) else {
            break;
        };
        let import = rest
            .first()
            .and_then(|name| tree.files[to].imports.get(name));
        arrows.push(Arrow {
            from,
            line: mention.line,
            text: &mention.text,
            to,
            is_re_export: import.is_some(),
        });
        let Some(Some(target)) = import else {
            break;
        };
        path = target.iter().chain(&rest[1..]).cloned().collect();
    }
    arrows
}

/// Returns `true` if a module is the other one or around it.
pub(crate) fn is_around(file: &File, other: &File) -> bool {
    other.module.starts_with(&file.module)
}
