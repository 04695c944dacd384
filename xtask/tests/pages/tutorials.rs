//! The tutorials.

use crate::reader;

#[test]
fn from_cargo_new_to_a_move() {
    reader::read("docs/tutorial.md", None);
}

#[test]
fn from_a_connection_manager() {
    reader::read("docs/from-connection-manager.md", None);
}

#[test]
fn from_deadpool() {
    reader::read("docs/from-deadpool.md", None);
}
