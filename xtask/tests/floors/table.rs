//! The table of floors, as ARCHITECTURE.md has it.

use std::collections::BTreeMap;

/// Rooms, which are files and folders (with a slash at the end), with their floors.
#[derive(Debug)]
pub(crate) struct Table(BTreeMap<String, u32>);

impl Table {
    /// Reads the table under a heading: the floor, then the rooms in backticks.
    pub(crate) fn read(page: &str, heading: &str) -> Result<Self, String> {
        let mut lines = page.lines().skip_while(|line| line.trim_end() != heading);
        lines.next().ok_or_else(|| {
            format!(
                "ARCHITECTURE.md has no heading `{heading}`: add it, with the table of floors below"
            )
        })?;
        let mut rooms = BTreeMap::new();
        let mut above = u32::MAX;
        for line in lines.take_while(|line| !line.starts_with('#')) {
            let mut cells = line.trim().trim_start_matches('|').split('|');
            let (Some(number), Some(cell)) = (cells.next(), cells.next()) else {
                continue;
            };
            let Ok(floor) = number.trim().parse() else {
                continue;
            };
            if floor >= above {
                return Err(format!(
                    "`{heading}`: floor {floor} stands below floor {above}: write each floor once, the highest first"
                ));
            }
            above = floor;
            for room in cell.split('`').skip(1).step_by(2) {
                if rooms.insert(room.to_owned(), floor).is_some() {
                    return Err(format!(
                        "`{heading}`: the room `{room}` stands there twice: keep one"
                    ));
                }
            }
        }
        if rooms.is_empty() {
            return Err(format!(
                "`{heading}` has no table below it, with rows such as | 1 | `error/`, `clock.rs` | words |"
            ));
        }
        Ok(Self(rooms))
    }

    /// Returns the room of a file and its floor: the longest name that fits.
    pub(crate) fn room_of(&self, file: &str) -> Option<(&str, u32)> {
        let fits = self.0.iter().filter(|(room, _)| holds(room, file));
        let longest = fits.max_by_key(|(room, _)| room.len());
        longest.map(|(room, floor)| (room.as_str(), *floor))
    }

    /// Returns the rooms that hold none of the files.
    pub(crate) fn empty_rooms<'a>(&'a self, files: &[&str]) -> Vec<&'a str> {
        let rooms = self.0.keys().map(String::as_str);
        rooms
            .filter(|room| !files.iter().any(|file| holds(room, file)))
            .collect()
    }
}

fn holds(room: &str, file: &str) -> bool {
    room == file || (room.ends_with('/') && file.starts_with(room))
}

#[cfg(test)]
mod tests {
    use super::Table;

    const HEADING: &str = "### Floors";

    #[test]
    fn rooms_are_read_and_the_longest_that_fits_holds() {
        let page = "text\n### Floors\n\n| floor | room | holds |\n|--:|---|---|\n| 2 | `lib.rs`, `a/` | top |\n\
                    | 1 | `a/low.rs` | `words` |\n\n## Next\n| 0 | `b.rs` | |\n";
        let table = Table::read(page, HEADING).unwrap();
        assert_eq!(table.room_of("lib.rs"), Some(("lib.rs", 2)));
        assert_eq!(table.room_of("a/mod.rs"), Some(("a/", 2)));
        assert_eq!(table.room_of("a/low.rs"), Some(("a/low.rs", 1)));
        assert_eq!(table.room_of("b.rs"), None);
        assert_eq!(table.empty_rooms(&["lib.rs", "a/low.rs"]), [""; 0]);
        assert_eq!(table.empty_rooms(&["a/mod.rs"]), ["a/low.rs", "lib.rs"]);
    }

    #[test]
    fn a_page_without_a_table_is_an_error() {
        let error = |page: &str| Table::read(page, HEADING).unwrap_err();
        assert!(error("").contains("no heading"));
        assert!(error("#### Floors\n| 1 | `a.rs` | |").contains("no heading"));
        assert!(error("### Floors\n## Next\n| 1 | `a.rs` | |").contains("no table"));
    }

    #[test]
    fn floors_go_down_and_rooms_stand_once() {
        let error = |rows: &str| Table::read(&format!("### Floors\n{rows}"), HEADING).unwrap_err();
        assert!(error("| 1 | `a.rs` | |\n| 2 | `b.rs` | |").contains("floor 2"));
        assert!(error("| 2 | `a.rs` | |\n| 1 | `a.rs` | |").contains("twice"));
    }
}
