//! R15: no option of `move` is left out in silence.

use serde_json::json;

use crate::common::Operator;
use crate::copier::copier;
use crate::exit_codes::fails;
use crate::load::World;
use crate::moving_copy;

#[test]
fn r15_an_option_that_would_mean_nothing_is_refused() {
    let operator = Operator::at("redis://127.0.0.1:1");
    let waiting: [&[&str]; 4] = [
        &["--timeout", "5s"],
        &["--ignore-silent"],
        &["--replication-password", "-"],
        &["--replication-user", "u", "--replication-password", "-"],
    ];
    let refused = |words: &[&str], parts: &[&str]| {
        let run = operator.run(&[&["move", "logs"], words].concat());
        let is_told = parts.iter().all(|part| run.stderr.contains(part));
        assert!(run.code == 2 && is_told, "{words:?}: {run:#?}");
    };
    for option in waiting {
        for what in ["--status", "--abort", "--finish"] {
            refused(&[option, &[what]].concat(), &[option[0], what]);
        }
        // Without one of them it is `--status`.
        refused(option, &["--status"]);
    }
    refused(&["--dry-run", "--status"], &["--dry-run", "--status"]);
    let of_copy: [&[&str]; 3] = [
        &["--warm-copy"],
        &["--compare", "sample"],
        &["--candidate-lives", "6s"],
    ];
    for option in of_copy {
        for what in [&["--to", "h:1"][..], &["--resume"], &["--status"]] {
            let parts = [option[0], "--copy-with"];
            refused(&[what, option].concat(), &parts);
        }
        // What conflicts with the program must not hide that it is missing.
        let words = [&["--to", "h:1", "--until", "synced"], option].concat();
        refused(&words, &[option[0], "--until"]);
        let words = [&["--to", "h:1", "--accept-loss"], option].concat();
        refused(&words, &[option[0], "--accept-loss"]);
    }
}

#[test]
fn r15_an_option_of_another_kind_of_move_is_refused() {
    let world = World::start();
    let words = ["move", "logs", "--to", &world.address(1), "--accept-loss"];
    let parts = ["--accept-loss", "sentinels"];
    fails(&world.operator, &words, 2, "usage", &parts);
    let world = moving_copy::World::start();
    let program = copier("");
    world.operator.done(&world.words(&program));
    let login = ["--replication-user", "u", "--replication-password", "-"];
    for (option, name) in [
        (&login[..], "--replication-user"),
        (&login[2..], "--replication-password"),
    ] {
        let words = [&["move", "logs", "--resume"], option].concat();
        fails(&world.operator, &words, 2, "usage", &[name, "copies"]);
    }
    let config = json!({"sentinels": ["127.0.0.1:1"], "service_name": "of-logs"});
    let key = "config:redis:behind";
    world.config.command(&["SET", key, &config.to_string()]);
    let words = ["move", "behind", "--to", "127.0.0.1:2", "--ignore-silent"];
    let parts = ["--ignore-silent", "sentinels"];
    fails(&world.operator, &words, 2, "usage", &parts);
}
