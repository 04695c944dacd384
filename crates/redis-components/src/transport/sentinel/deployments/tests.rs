use super::super::replies::Replicas;
use super::{Statement, disagreement, of_the_service};
use crate::config::endpoint::{Address, Primary};

fn address(host: &str) -> Address {
    Address::Tcp {
        host: host.to_owned(),
        port: 6379,
    }
}

/// A sentinel that names `primary` and knows `replicas`.
struct Says {
    sentinel: Address,
    is_configured: bool,
    primary: Primary,
    aliases: Vec<Address>,
    replicas: Replicas,
}

fn says(primary: &str, replicas: &[&str]) -> Says {
    let replicas = replicas.iter().map(|host| address(host)).collect();
    Says {
        sentinel: address("s"),
        is_configured: true,
        primary: named(primary),
        aliases: Vec::new(),
        replicas: Replicas::Known(replicas),
    }
}

fn learned(primary: &str, replicas: &[&str]) -> Says {
    Says {
        is_configured: false,
        ..says(primary, replicas)
    }
}

fn named(host: &str) -> Primary {
    Primary {
        address: address(host),
        epoch: Some(1),
    }
}

impl Says {
    fn statement(&self) -> Statement<'_> {
        Statement {
            sentinel: &self.sentinel,
            is_configured: self.is_configured,
            primary: &self.primary,
            aliases: &self.aliases,
            replicas: &self.replicas,
        }
    }
}

fn statements(all: &[Says]) -> Vec<Statement<'_>> {
    all.iter().map(Says::statement).collect()
}

fn believed(all: &[Says], in_use: Option<&str>) -> Vec<bool> {
    let configured = all.iter().filter(|one| one.is_configured).count();
    believed_of(all, in_use, configured)
}

fn believed_of(all: &[Says], in_use: Option<&str>, configured: usize) -> Vec<bool> {
    of_the_service(&statements(all), in_use.map(named).as_ref(), configured)
}

#[test]
fn r13_one_sentinel_alone_is_believed() {
    assert_eq!(believed(&[says("f", &[])], None), [true]);
    assert_eq!(believed(&[says("f", &[])], Some("a")), [true]);
}

#[test]
fn r13_a_sentinel_that_is_left_alone_moves_nobody_to_another_deployment() {
    let moved = |says: Says, configured| believed_of(&[says], Some("a"), configured);
    assert_eq!(moved(says("f", &["g"]), 3), [false]);
    assert_eq!(moved(says("f", &["g"]), 2), [false]);
    assert_eq!(moved(says("b", &["a"]), 3), [true], "a fail-over");
    let mut refused = says("b", &[]);
    refused.replicas = Replicas::Refused;
    assert_eq!(moved(refused, 3), [true], "it cannot say more");
    // Who is not alone is believed, whoever else is silent.
    let most = [says("f", &["g"]), learned("f", &["g"])];
    assert_eq!(believed_of(&most, Some("a"), 4), [true, true]);
    assert_eq!(believed_of(&[says("f", &["g"])], None, 3), [true]);
}

#[test]
fn r13_a_primary_that_the_others_do_not_know_is_not_believed() {
    let all = [says("a", &["b"]), says("a", &["b"]), says("f", &["g"])];
    assert_eq!(believed(&all, None), [true, true, false]);
    assert_eq!(believed(&all, Some("f")), [true, true, false]);
    let most = [says("a", &["b"]), says("f", &["g"]), says("f", &["g"])];
    assert_eq!(believed(&most, Some("a")), [false, true, true]);
}

#[test]
fn r13_a_fail_over_that_one_sentinel_leads_is_believed() {
    // The others know the new primary as a replica.
    let all = [says("a", &["b"]), says("a", &[]), says("b", &[])];
    assert_eq!(believed(&all, Some("a")), [true; 3]);
    // The others were reset; it knows the old primary as a replica.
    let all = [says("a", &[]), says("a", &[]), says("b", &["a"])];
    assert_eq!(believed(&all, Some("a")), [true; 3]);
}

#[test]
fn r13_of_two_that_disagree_the_one_with_the_primary_in_use_is_believed() {
    let all = [says("a", &["b"]), says("f", &["g"])];
    assert_eq!(believed(&all, Some("a")), [true, false]);
    assert_eq!(believed(&all, None), [false, false]);
    assert_eq!(believed(&all, Some("x")), [false, false]);
}

#[test]
fn r13_sentinels_that_others_name_do_not_outvote_the_config() {
    let strangers = || (0..4).map(|_| learned("f", &["g"]));
    let mut all = vec![says("a", &["b"]), says("a", &["b"]), says("f", &["g"])];
    all.extend(strangers());
    assert_eq!(believed(&all, None)[..3], [true, true, false]);
    // If the config names one, the others count.
    let all = [says("f", &[]), learned("a", &[]), learned("a", &[])];
    assert_eq!(believed(&all, None), [false, true, true]);
}

#[test]
fn r13_a_host_name_and_its_address_are_the_same_server() {
    let mut by_name = says("a.internal", &["b.internal", "10.0.0.2"]);
    by_name.aliases.push(address("10.0.0.1"));
    let all = [by_name, says("10.0.0.1", &[]), says("10.0.0.2", &[])];
    assert_eq!(believed(&all, None), [true; 3]);
}

#[test]
fn r2_a_disagreement_names_who_says_what() {
    let mut refused = says("f", &[]);
    refused.replicas = Replicas::Refused;
    let all = [says("a", &[]), says("a", &[]), refused];
    let text = disagreement("main", &statements(&all), Some(&named("a")), 3).unwrap();
    for part in [
        "`main`",
        "s:6379 names a:6379; ",
        "names f:6379, which is not believed, and does not say which replicas",
        "a:6379 is in use",
        "from `sentinels`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let mut all = [says("a", &[]), says("a", &[]), says("f", &[])];
    all[0].replicas = Replicas::NotAsked;
    assert_eq!(disagreement("main", &statements(&all), None, 3), None);
}
