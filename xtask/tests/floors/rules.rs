//! What is asked of a crate's files, and what is said of those that do not keep it.

use crate::arrows::{Arrow, arrows, is_around};
use crate::circles::circles;
use crate::source::Tree;
use crate::table::Table;

/// Returns an error for each rule that a crate breaks, at the place where it does.
pub(crate) fn check(tree: &Tree, table: &Table) -> Vec<String> {
    let mut errors = check_rooms(tree, table);
    for arrow in &arrows(tree) {
        errors.extend(through(tree, arrow).or_else(|| upwards(table, arrow)));
    }
    errors.extend(check_circles(tree));
    errors
}

/// Returns an error for each circle of files.
pub(crate) fn check_circles(tree: &Tree) -> Vec<String> {
    let arrows = arrows(tree);
    let circles = circles(&arrows).into_iter();
    circles
        .map(|circle| {
            let steps: Vec<_> = circle.into_iter().map(step).collect();
            format!(
                "a circle: {}: move what two files need from each other to a third",
                steps.join(", ")
            )
        })
        .collect()
}

fn step(arrow: &Arrow<'_>) -> String {
    let Arrow {
        from,
        line,
        text,
        to,
        ..
    } = arrow;
    format!("{from}:{line} imports `{text}` from {to}")
}

fn check_rooms(tree: &Tree, table: &Table) -> Vec<String> {
    let files: Vec<_> = tree.files.keys().map(String::as_str).collect();
    let homeless = files.iter().filter(|file| table.room_of(file).is_none());
    let homeless = homeless
        .map(|file| format!("{file} is in no room: name it in the table, or move it into a room"));
    let empty = table.empty_rooms(&files).into_iter();
    let empty =
        empty.map(|room| format!("the room `{room}` does not exist: take it out of the table"));
    homeless.chain(empty).collect()
}

fn upwards(table: &Table, arrow: &Arrow<'_>) -> Option<String> {
    let (room, floor) = table.room_of(arrow.from)?;
    let (above, higher) = table.room_of(arrow.to)?;
    (higher > floor).then(|| {
        format!(
            "{}, which runs up, from floor {floor} (`{room}`) to floor {higher} (`{above}`): move the item down, or pass it in",
            step(arrow)
        )
    })
}

fn through(tree: &Tree, arrow: &Arrow<'_>) -> Option<String> {
    let (from, to) = (&tree.files[arrow.from], &tree.files[arrow.to]);
    (arrow.is_re_export && is_around(to, from)).then(|| {
        format!(
            "{}, which only passes it on: import it from the file that defines it",
            step(arrow)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{check, check_circles};
    use crate::source::Tree;
    use crate::table::Table;

    /// Three floors: `lib.rs`, then `middle/`, then `low.rs`.
    const FILES: [(&str, &str); 5] = [
        (
            "lib.rs",
            "pub mod middle;\nmod low;\npub use self::low::Low;\nuse redis as client;",
        ),
        (
            "middle/mod.rs",
            "mod one;\nmod two;\npub(crate) use self::two::Two;\nuse crate::low::Low;",
        ),
        (
            "middle/one.rs",
            "use super::two::Two;\nfn f(_: crate::low::Low) {}",
        ),
        (
            "middle/two.rs",
            "use crate::low;\npub(crate) struct Two(low::Low);",
        ),
        (
            "low.rs",
            "pub struct Low;\n#[cfg(all(test, unix))]\nmod tests { use crate::middle::Two; }",
        ),
    ];
    const TABLE: &str = "### Floors\n| 3 | `lib.rs` | |\n| 2 | `middle/` | |\n| 1 | `low.rs` | |\n";

    /// Checks the files above with some lines added to one of them, and returns what is wrong.
    fn with(path: &str, lines: &str) -> Vec<String> {
        let files = FILES.map(|(file, text)| {
            let more = if file == path { lines } else { "" };
            (file.to_owned(), format!("{text}\n{more}"))
        });
        check(&Tree::parse(&files).unwrap(), &table(TABLE))
    }

    fn table(text: &str) -> Table {
        Table::read(text, "### Floors").unwrap()
    }

    #[track_caller]
    fn assert_said(errors: &[String], wanted: &[&str]) {
        let said = |error: &String| wanted.iter().all(|part| error.contains(part));
        assert!(errors.iter().any(said), "{errors:#?}");
    }

    #[test]
    fn a_tree_that_keeps_the_rules_is_let_through() {
        assert_eq!(with("", ""), [""; 0]);
    }

    #[test]
    fn an_arrow_up_is_an_error_wherever_the_path_stands() {
        for line in [
            "use crate::middle::one::f;",
            "use super::middle::{self, one};",
            "use crate::middle as above;",
            "fn up() { crate::middle::one::f() }",
            "fn up() { use crate::middle::Two; }",
            "fn up(_: &crate::middle::Two) {}",
            "impl crate::middle::Up for Low {}",
            "fn up() { let crate::middle::Two(_) = two; }",
            "fn up() { format!(\"{}\", crate::middle::TEXT) }",
            "mod inner { use super::super::middle::Two; }",
            "use crate::middle;\nfn up() { middle::one::f() }",
        ] {
            let errors = with("low.rs", line);
            assert_said(
                &errors,
                &[
                    "low.rs:4 ",
                    " from middle/",
                    "from floor 1 (`low.rs`) to floor 2 (`middle/`)",
                ],
            );
        }
    }

    #[test]
    fn what_is_no_import_is_let_through() {
        for line in [
            "pub(in crate::middle) fn f() {}",
            "/// See [`crate::middle::Two`].\nfn f() {}",
            "macro_rules! m { () => { $crate::middle::Two } }",
            "fn f() { std::mem::drop(::redis::middle::Two) }",
            "#[cfg(test)]\nuse crate::middle::Two;",
            "impl Low { #[cfg(test)] fn f(_: crate::middle::Two) {} }",
        ] {
            assert_eq!(with("low.rs", line), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_circle_is_an_error_inside_a_folder_too() {
        let errors = with("middle/two.rs", "fn f() { super::one::f() }");
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert_said(
            &errors,
            &[
                "a circle: ",
                "middle/one.rs:1 imports `super::two::Two`",
                "middle/two.rs:3 imports `super::one::f`",
            ],
        );
        // By way of the folder's own file, which imports from its children.
        let errors = with("middle/two.rs", "use super::Defined;");
        assert_said(
            &errors,
            &["a circle: ", "middle/mod.rs:3 ", "middle/two.rs:3 "],
        );
    }

    #[test]
    fn an_item_is_told_where_it_is_imported_and_a_module_where_it_is_used() {
        let errors = with(
            "low.rs",
            "use crate::middle::two::Two;\nfn up() { Two::new() }",
        );
        let up = |error: &&String| error.contains("runs up");
        assert_eq!(errors.iter().filter(up).count(), 1, "{errors:#?}");
        let errors = with(
            "middle/one.rs",
            "use crate::middle;\nfn g() { middle::Two::new() }",
        );
        assert_said(
            &errors,
            &[
                "middle/one.rs:4 ",
                "`middle::Two::new`",
                "only passes it on",
            ],
        );
    }

    #[test]
    fn each_circle_is_told_once() {
        let tree = Tree::parse(&[
            ("main.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c::C;"),
            ("c.rs", "use crate::a::A;"),
        ]);
        assert_eq!(check_circles(&tree.unwrap()).len(), 1);
    }

    #[test]
    fn nobody_imports_through_lib_rs() {
        let errors = with("middle/one.rs", "use crate::{Low, middle};");
        assert_said(
            &errors,
            &[
                "middle/one.rs:3 ",
                "`crate::Low` from lib.rs",
                "only passes it on",
            ],
        );
        let errors = with("low.rs", "fn f(_: crate::client::Client) {}");
        assert_said(&errors, &["low.rs:4 ", "from lib.rs", "only passes it on"]);
    }

    #[test]
    fn nobody_imports_through_the_file_of_its_own_folder() {
        for line in [
            "use super::Two;",
            "use crate::middle::Two;",
            "fn g(_: super::Two) {}",
        ] {
            let errors = with("middle/one.rs", line);
            assert_said(
                &errors,
                &[
                    "middle/one.rs:3 ",
                    "from middle/mod.rs",
                    "only passes it on",
                ],
            );
        }
        // From outside, that is what it is for.
        assert_eq!(with("lib.rs", "use crate::middle::Two;"), [""; 0]);
    }

    #[test]
    fn an_arrow_reaches_the_file_behind_a_re_export() {
        let rooms = "### Floors\n| 3 | `middle/two.rs` | |\n| 2 | `lib.rs` | |\n| 1 | `middle/`, `low.rs` | |\n";
        let tree = Tree::parse(&FILES).unwrap();
        let errors = check(&tree, &table(rooms));
        assert_said(
            &errors,
            &["middle/mod.rs:3 ", "to floor 3 (`middle/two.rs`)"],
        );
        let files = [
            ("lib.rs", "use self::middle::Two;"),
            FILES[1],
            FILES[2],
            FILES[3],
            FILES[4],
        ];
        let errors = check(&Tree::parse(&files).unwrap(), &table(rooms));
        assert_said(&errors, &["lib.rs:1 ", "to floor 3 (`middle/two.rs`)"]);
    }

    #[test]
    fn each_file_has_a_room_and_each_room_a_file() {
        let tree = Tree::parse(&FILES).unwrap();
        let rooms = TABLE.replace("`middle/`", "`middle/one.rs`, `middle/mod.rs`");
        assert_said(
            &check(&tree, &table(&rooms)),
            &["middle/two.rs is in no room"],
        );
        let rooms = TABLE.replace("`low.rs`", "`low.rs`, `gone.rs`");
        assert_said(
            &check(&tree, &table(&rooms)),
            &["the room `gone.rs` does not exist"],
        );
        let rooms = TABLE.replace("`low.rs`", "`low.rs`, `gone/`");
        assert_said(
            &check(&tree, &table(&rooms)),
            &["the room `gone/` does not exist"],
        );
    }
}
