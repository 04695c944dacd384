use super::{manifest_without_secrets, without_secrets};

#[test]
fn r8_what_may_hold_a_secret_is_masked() {
    for url in [
        "redis://user:s3cret@host:6379",
        "redis://:s3cret@host",
        "redis://:s3@cret@host/0",
        "redis://:s3/cret@host/0",
        "redis://default:57#s3cret@10.0.0.5",
        "redis://default:57?s3cret@10.0.0.5",
        "redis://default:57/s3cret@10.0.0.5",
        "redis://user#s3cret@host",
        "redis://:#s3cret@host",
        "redis://s3cret/x@host",
        "redis://host?password=s3cret",
        "redis://host/0?pass=s3cret",
        "rediss://:s3cret@host",
        "unix:///run/redis.sock?db=1&pass=s3cret&user=u",
        "redis+unix:///run/redis.sock#s3cret",
        "redis://:a\\\"s3cret@host",
    ] {
        let text = format!("url = \"{url}\" # {url}\n'{url}'\n{url} more");
        for masked in [manifest_without_secrets(&text), without_secrets(&text)] {
            assert!(!masked.contains("s3"), "{masked}");
            assert_eq!(masked.len(), text.len());
        }
    }
}

#[test]
fn r8_what_may_be_a_secret_is_masked_in_a_manifest() {
    for text in [
        r#"url = '{"host": "h", "password": "s3cret"}'"#,
        r#"url = "{\"host\": \"h\", \"password\": \"s3cret\"}""#,
        r#"url = {"host": "h", "password": "s3cret"}"#,
        r#"url = { host = "h", "password" = "s3cret" }"#,
        r#"url = '{"host": "h", "pwd": "s3cret"}'"#,
        r#"url = '[["h", 1], {"auth": "s3cret"}]'"#,
        "url = '''\n{\n  \"pass\":\n  \"s3cret\"\n}\n'''",
        "url = [\n  'redis://h',\n  's3cret@h',\n]",
        "url = \":s3cret@h:6379\"",
        "url = \"operator:s3cret\"",
        "url = \"redis://:s3cret\"",
        "url = \"redis://h/s3cret\"",
        "url = \"redis://h s3cret\"",
        "url = redis://operator:s3cret@h",
        "url = \"redis://operator:\"s3cret@h\"",
        "url \"s3cret\"",
        "s3cret",
        "password = \"s3cret\"",
        "pass = s3cret",
        "config-server.url = \"u:s3cret@h\"",
        "[server]\nurl = \"u:s3cret@h\"",
        "[config-server.login]\nkey = 's3cret'",
        "[components.logs]\nwait = 1\n[config-server]\nlogin = 's3cret'",
        "[components.logs]\npassword = \"s3cret\"",
        "[components.logs]\nconfig = '{\"password\": \"s3cret\"}'",
        "[components.logs]\nurl = \"redis://:s3cret@h\"",
        "# password: s3cret",
        "# operator:s3cret@h",
        "url = \"h:6379\" # AUTH s3cret",
        "url = \"h:6379 # AUTH s3cret",
        "url = h:1 # s3cret\nurl = h:2#s3cret@h\nurl = h:3 #s3cret@h",
        "key-prefix = 3 # AUTH s3cret",
        "key-prefix = \"a#b\" # AUTH s3cret",
        "key-prefix = 'a # AUTH s3cret",
        "components.logs.wait = 3 # AUTH s3cret",
        "components-pass = \"s3cret\"",
        "[config-server] # AUTH s3cret",
        "url = [\n  \"redis://a\", # s3cret\n# operator:s3cret@b:6379\n]",
        "url = \"\"\"\n[\"s3cret\"]\n\"\"\"",
        "url = '''\n[\"components\", \"s3cret\"]\n\"s3cret\"\n'''",
        "[components.logs]\n[config-server] url = '{\"host\": \"h\", \"pwd\": \"s3cret\"}'\nuser = 's3cret'",
        "[components.logs]\n[\"config-server\"]\nuser = 's3cret'",
        "[components.logs]\n[components-of-old]\nuser = 's3cret'",
        "[components.logs]\nwait = 3\n\n# AUTH s3cret\n[config-server]",
        "[components.logs]\nwait = 3 # AUTH s3cret",
        "[components.\"a#b\"] # AUTH s3cret",
    ] {
        let masked = manifest_without_secrets(text);
        assert!(!masked.contains("s3"), "{masked}");
        assert_eq!(masked.len(), text.len());
        assert_eq!(masked.lines().count(), text.lines().count());
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    for text in [
        "url = \"redis://host:1/2\"\nurl = 'redis://[::1]'",
        "url = ['redis://host:1/2', \"redis://h-2.example\"]",
        "url = \"redis://a:1, rediss://b:2\"",
        "url = \"127.0.0.1:6379\"",
        "key-prefix = \"config:redis:\"",
        "key-prefix = 'config#redis:'",
        "[config-server]",
        "[components.logs]\ndoc = \"Who has forgotten a password\"\nsource = 's3cret'",
        "[components.accounts.functions]\nreset_password = {}",
        "components.logs.source = \"src/logs.rs\"",
    ] {
        let shown = if text.contains("reset_password") {
            text.replace(" {}", "***")
        } else {
            text.to_owned()
        };
        assert_eq!(manifest_without_secrets(text), shown);
    }
}

#[test]
fn what_stands_before_a_comment_is_shown() {
    for (text, shown) in [
        ("# ok", "#***"),
        ("[config-server] # ok", "[config-server] #***"),
        ("url = \"redis://h:1\" # ok", "url = \"redis://h:1\" #***"),
        ("url = [ # ok\n'h:1', #ok", "url = [ #***\n'h:1', #**"),
        ("key-prefix = \"a#b\" # ok", "key-prefix = \"a#b\" #***"),
        ("[components.logs] # ok", "[components.logs] #***"),
        (
            "[components.a]\ndoc = 'In C#' # ok",
            "[components.a]\ndoc = 'In C#' #***",
        ),
    ] {
        assert_eq!(manifest_without_secrets(text), shown);
    }
}
