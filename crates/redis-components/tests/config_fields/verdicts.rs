//! Every case, through the public API.

use redis_components::{ComponentConfig, ErrorKind};
use serde_json::Value;

use crate::corpus::{Verdict, cases, salt};

/// What no message may show; passwords in the corpus that are refused have it in them.
const SECRET: &str = "cretZ";

#[test]
fn each_case_means_what_the_corpus_says() {
    let mut failures = Vec::new();
    for case in cases() {
        let outcome = case.source.parse();
        let wrong = match (&case.verdict, outcome) {
            (Verdict::Means { config: means, .. }, Ok(config)) => {
                let written: Value = serde_json::from_str(&config.to_json()).unwrap();
                let again = ComponentConfig::from_json(&means.to_string()).unwrap();
                (written != *means || config != again).then(|| format!("means {written}"))
            }
            (Verdict::Refused(fragment), Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
                let message = error.to_string();
                (!message.contains(fragment)).then(|| format!("is refused: {message}"))
            }
            (Verdict::Means { .. }, Err(error)) => Some(format!("is refused: {error}")),
            (Verdict::Refused(_), Ok(config)) => Some(format!("means {}", config.to_json())),
        };
        failures.extend(wrong.map(|wrong| format!("{}: {wrong}", case.name)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn r14_each_case_has_the_digests_that_every_language_tells() {
    let mut accepted = 0;
    for case in cases() {
        let Verdict::Means { digests, .. } = &case.verdict else {
            continue;
        };
        let config = case.source.parse().unwrap();
        let found = [String::new(), salt()].map(|salt| config.digest(&salt));
        assert_eq!(found, *digests, "{}", case.name);
        accepted += 1;
    }
    assert!(accepted > 80, "{accepted} cases are accepted");
}

#[test]
fn r8_no_message_shows_a_value() {
    let mut secrets = 0;
    for case in cases() {
        let Err(error) = case.source.parse() else {
            continue;
        };
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(SECRET), "{}: {shown}", case.name);
        secrets += usize::from(format!("{:?}", case.source).contains(SECRET));
    }
    assert!(secrets > 15, "{secrets} cases have a secret in them");
}

#[test]
fn r8_no_message_shows_anything_of_a_url() {
    // With reserved characters in it, a password may stand anywhere in a url.
    let pieces = ["Alpha", "Bravo", "Delta"];
    let between = [
        "@", ":", "/", "?", "#", "[", "]", "%", ",", ";", "&", "=", " ", "\t", "::", "?db=", "#@",
    ];
    let mut refused = 0;
    for first in between {
        for second in between {
            let [alpha, bravo, delta] = pieces;
            let url = format!("redis://{alpha}{first}{bravo}{second}{delta}");
            if let Err(error) = ComponentConfig::from_url(&url) {
                let shown = format!("{error} {error:?}");
                assert!(!pieces.iter().any(|piece| shown.contains(piece)), "{shown}");
                refused += 1;
            }
        }
    }
    // The others are a login and a host.
    assert!(refused > 250, "{refused} are refused");
}

#[test]
fn r7_configs_that_mean_the_same_are_equal() {
    for same in [
        r#"{"host":"h","port":"6379","db":"0"}"#,
        r#"{"host":"h","port":6379.0,"db":0.0,"ssl":false,"ssl_cert_reqs":"required"}"#,
        r#"{"url":"redis://h?db=0"}"#,
        r#"{"host":"h","password":""}"#,
    ] {
        let config = ComponentConfig::from_json(same).unwrap();
        assert_eq!(config, ComponentConfig::new("h"), "{same}");
    }
    let reader = ComponentConfig::new("h").username("reader");
    assert_eq!(reader.clone().password(""), reader);
    assert_eq!(reader.clone().username(""), ComponentConfig::new("h"));
    assert_eq!(
        ComponentConfig::from_url("redis://reader:@h").unwrap(),
        reader
    );
    assert_eq!(
        ComponentConfig::from_json(&reader.to_json()).unwrap(),
        reader
    );
}
