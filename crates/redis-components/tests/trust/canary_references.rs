//! Secrets that are not in a config, and all that a process can say of them.

use std::fs;
use std::future::Future;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use redis_components::{
    ComponentConfig, Credentials, CredentialsError, Login, Settings, get_config, set_config, status,
};
use redis_components_testing::Tls;
use serde_json::{Value, json};

use crate::canary::{IN_FILE, OF_CONFIG_SERVER, OF_NO_SERVER, OF_PROVIDER, VARIABLE, show, tell};
use crate::common::{always_fresh, until};

/// Gives a login, or fails.
#[derive(Debug)]
struct Provider {
    works: bool,
}

impl Credentials for Provider {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            if !self.works {
                return Err("there is none".into());
            }
            let login = Login::new(OF_PROVIDER).username("app");
            let login = login.expires(SystemTime::now() + Duration::from_secs(3600));
            show(&login);
            Ok(login)
        })
    }
}

/// Secrets that are not in a config: used, refused, changed, and of no use.
pub(crate) async fn says_of_references(config_server: &str, data: u16) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, content: &[u8]| fs::write(path(name), content).unwrap();
    let file = |name: &str| json!({"file": path(name)});
    write("config-server", OF_CONFIG_SERVER.as_bytes());
    write("good", format!("{IN_FILE}\n").as_bytes());
    write("wrong", OF_NO_SERVER.as_bytes());
    write("binary", &[OF_NO_SERVER.as_bytes(), b"\xff"].concat());
    let (host, port) = config_server.split_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    let config_server = json!({"host": host, "port": port, "password": file("config-server")});
    let settings = Settings::new(config_server.to_string())
        .credentials("works", Provider { works: true })
        .credentials("fails", Provider { works: false });
    show(&settings);
    let logs = always_fresh("logs");
    let read = |fields: Value| {
        let mut config = json!({"host": "127.0.0.1", "port": data, "username": "app"});
        config
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        ComponentConfig::from_json(&config.to_string()).unwrap()
    };
    let password = |password: Value| read(json!({"password": password}));
    settings
        .clone()
        .scope(async {
            for config in [
                password(file("good")),
                password(json!({"env": VARIABLE})),
                password(json!({"provider": "works"})),
                read(json!({"username": file("wrong"), "password": file("good")})),
                password(file("wrong")),
                password(file("binary")),
                password(file("none")),
                password(json!({"env": "REDIS_COMPONENTS_NO_SUCH_VARIABLE"})),
                password(json!({"provider": "fails"})),
                password(json!({"provider": "none"})),
                read(json!({
                    "ssl": true, "ssl_ca_certs": file("wrong")["file"],
                    "ssl_certfile": file("good")["file"], "ssl_keyfile": file("wrong")["file"],
                })),
            ] {
                show(&config);
                match config.resolve(&settings).await {
                    Ok(resolved) => {
                        show(&resolved);
                        println!("{} {}", resolved.to_json(), resolved.digest("salt"));
                    }
                    Err(error) => tell(&error),
                }
                if let Err(error) = set_config(logs, &config).await {
                    tell(&error);
                }
                drop(logs.connection().await);
                drop(logs.blocking_connection());
                show(&status());
                show(&get_config(logs).await.unwrap());
                println!("{}", serde_json::to_string(&status()).unwrap());
            }
            // It changes, and is gone.
            set_config(logs, &password(file("good"))).await.unwrap();
            // On a busy machine the first attempt may take too long.
            until("the config is in force", async || {
                drop(logs.connection().await.unwrap());
                status().components[0].problem.is_none()
            })
            .await;
            let generation = || status().components[0].current.clone().unwrap().generation;
            let before = generation();
            write("good", OF_PROVIDER.as_bytes());
            until("the rotation is followed", async || generation() > before).await;
            fs::remove_file(path("good")).unwrap();
            until("the problem is shown", async || {
                status().components[0].problem.is_some()
            })
            .await;
            show(&status());
            drop(catch_unwind(|| panic!("{:?} {:?}", settings, status())));
        })
        .await;
    // Without a config in force, calls say why.
    for password in [file("binary"), file("wrong"), json!({"provider": "fails"})] {
        let config = json!({"host": "127.0.0.1", "port": data, "password": password});
        let fixed = Settings::fixed([("logs", config.to_string())])
            .credentials("fails", Provider { works: false });
        show(&fixed);
        fixed
            .scope(async { tell(&logs.connection().await.unwrap_err()) })
            .await;
    }
    let key = json!({
        "host": "127.0.0.1", "port": data, "ssl": true,
        "ssl_certfile": file("certificate")["file"], "ssl_keyfile": file("wrong")["file"],
    });
    let certificate = Tls::new();
    fs::copy(&certificate.client().certificate, path("certificate")).unwrap();
    Settings::fixed([("logs", key.to_string())])
        .scope(async { tell(&logs.connection().await.unwrap_err()) })
        .await;
}
