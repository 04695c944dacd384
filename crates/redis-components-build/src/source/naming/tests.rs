use super::{Meaning, Taken, first_in};

fn is_found(name: &str, meaning: Meaning, text: &str) -> bool {
    let inside = &["listed", "connection"];
    let taken = Taken {
        name,
        meaning,
        inside,
    };
    let found = first_in(taken, text);
    if let Some(range) = &found {
        assert_eq!(&text[range.clone()], name, "{text}");
    }
    found.is_some()
}

/// As rustc 1.95 decides, with a module `redis` beside a crate of that name.
#[test]
fn b1_a_crate_is_named_by_the_beginning_of_a_path_alone() {
    for text in [
        "pub fn f(x: redis::Pool) {}",
        "pub fn f(x: redis :: Pool) {}",
        "pub fn f() { redis::cmd() }",
        "pub fn f() { println!(\"{:?}\", redis::cmd()) }",
        "pub fn f() { let all = vec![redis::cmd(); 2]; }",
        "pub fn f() { use redis::cmd; cmd() }",
        "pub fn f<T: redis::T>(x: T) -> impl redis::T {}",
        "impl redis::T for X {}",
        "#[derive(redis::X)] struct S;",
        "#[redis::test] fn f() {}",
        "macro_rules! m { () => { redis::cmd() } }",
        "other! { redis: redis::Pool }",
        "fn f() { match x { redis::C => (), S { redis: redis::D } => () } }",
        "use redis as r;",
        "use redis::Commands as _;",
        "use {other::T as _, redis::{a::{}, T as _}};",
        "pub fn f() { use redis::Commands as _; }",
        "use {::other::T, redis::T as _};",
        "pub fn f() { use {{redis::{T}}, ::redis::T}; }",
    ] {
        assert!(is_found("redis", Meaning::Crate, text), "{text}");
    }
    for text in [
        "pub fn f(redis: Pool) -> Pool { redis }",
        "pub fn f(redis: ::std::string::String) {}",
        "pub struct S { pub redis: Pool }",
        "pub fn f() { let _ = |redis: u8| redis; }",
        "fn f() { let redis = 1; S { redis: redis, b: redis.c } }",
        "fn f() { use ::redis::cmd; ::redis::cmd() }",
        "fn f() { other::redis::cmd(); <redis as T>::C }",
        "fn f() { mod inner { fn f() { redis::cmd() } } }",
        "fn f() { \"redis::cmd\" /* redis::cmd */ }",
        "/// See [redis::Pool].\npub struct S;",
        "macro_rules! redis { ($redis:expr, redis: $t:ty) => { $crate::redis::cmd() } }",
        "other! { redis: ::std::string::String, a.redis }",
        "trait Q { type redis; fn x() -> Self::redis; }",
        "use other::redis;",
        "fn f() { redis::listed(1); m!(redis::connection()) }",
        "use redis::{connection as c, listed as _};",
        "use other::{redis::T as _, T};",
        "pub fn f() { use ::redis::Commands as _; }",
        "use {other, ::redis::T as _, {::{redis::T}}};",
        "pub fn f() { use {::redis as r}; }",
    ] {
        assert!(!is_found("redis", Meaning::Crate, text), "{text}");
    }
}

#[test]
fn b1_a_type_of_the_language_is_no_other_behind_a_module() {
    assert!(!is_found(
        "u8",
        Meaning::Import,
        "fn f(x: u8) { u8::MAX; m!(u8::MAX) }"
    ));
    assert!(is_found("u8", Meaning::Import, "use u8 as byte;"));
    assert!(!is_found("u8", Meaning::Import, "use std::primitive::u8;"));
}

#[test]
fn b1_a_type_of_the_prelude_is_named_where_a_type_or_trait_is_expected() {
    for text in [
        "pub fn f(x: &Vec<u8>) {}",
        "fn f() { Vec::<u8>::new(); }",
        "fn f() { <Vec<u8>>::new(); }",
        "fn f() { let x = y as Vec; }",
        "thread_local! { static X: Vec<u8> = y; }",
        "fn f() { assert_eq!(x, Vec::new()) }",
    ] {
        assert!(is_found("Vec", Meaning::Type, text), "{text}");
    }
    for text in [
        "#[derive(Debug)] struct S;",
        "fn f() -> impl std::fmt::Debug { Debug }",
        "fn f() { format!(\"{}\", Debug) }",
    ] {
        assert!(!is_found("Debug", Meaning::Type, text), "{text}");
    }
    for text in [
        "fn f(x: &dyn Debug) {}",
        "impl Debug for X {}",
        "fn f<T>() where T: Debug {}",
    ] {
        assert!(is_found("Debug", Meaning::Type, text), "{text}");
    }
}
