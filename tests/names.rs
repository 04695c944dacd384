//! B1: a wrong component, function or argument is an error of the compiler, at the call.

#[path = "names/right.rs"]
mod right;

use std::process::Command;

/// The compiler whose words the expectations are in; others say the same in other words.
const RECORDED_WITH: &str = "rustc 1.95.";

/// It is compiled with this test, because trybuild would build everything below it once more.
#[test]
fn b1_right_names_and_arguments_compile() {
    right::calls();
}

#[test]
fn b1_names_and_arguments_are_checked() {
    let cases = trybuild::TestCases::new();
    if compiler().starts_with(RECORDED_WITH) {
        cases.compile_fail("tests/names/wrong_*.rs");
        cases.compile_fail("tests/names/missing_*.rs");
    } else {
        println!(
            "what is wrong is compiled with {RECORDED_WITH}x only, and this is {}",
            compiler()
        );
    }
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}
