//! The tutorials.

use crate::reader;

#[test]
fn from_cargo_new_to_a_move() {
    reader::read("docs/tutorial.md", None);
}
