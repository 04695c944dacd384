//! The pictures of terminals in the documentation are those of the texts beside them.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

use anstyle_svg::Term;

#[test]
fn every_recorded_terminal_has_its_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    let mut drawn = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ansi") {
            continue;
        }
        let terminal = Term::new().palette(anstyle_lossy::palette::WIN10_CONSOLE);
        let svg = terminal.render_svg(&fs::read_to_string(&path).unwrap());
        let picture = path.with_extension("svg");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&picture, &svg).unwrap();
        }
        let found = fs::read_to_string(&picture).unwrap_or_default();
        assert!(
            found == svg,
            "{} is not the picture of {}: run `cargo xtask pictures`",
            picture.display(),
            path.display()
        );
        drawn += 1;
    }
    assert!(drawn > 0);
}
