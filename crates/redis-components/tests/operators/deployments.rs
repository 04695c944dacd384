//! The examples for compose and Kubernetes: all that they refer to is there.

use std::collections::{BTreeMap, BTreeSet};

use redis_components::{ComponentConfig, Settings};
use serde_json::Value;

use crate::names::{read, root};
use crate::yaml::{document, documents, list, text};

fn keys(value: &Value, pointer: &str) -> BTreeSet<String> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.map_or_else(BTreeSet::new, |object| object.keys().cloned().collect())
}

/// Returns the host and the password's file of a config, after the runtime has read it.
fn config(text: &str) -> (String, String) {
    ComponentConfig::from_json(text).unwrap();
    let config: Value = serde_json::from_str(text).unwrap();
    let file = config["password"]["file"].as_str().unwrap().to_owned();
    (config["host"].as_str().unwrap().to_owned(), file)
}

#[test]
fn all_that_compose_refers_to_is_there() {
    let compose = document("contrib/compose/compose.yaml");
    let names = keys(&compose, "/services");
    let (secrets, volumes) = (keys(&compose, "/secrets"), keys(&compose, "/volumes"));
    for name in &names {
        let service = &compose["services"][name];
        assert!(!text(service, "/image").is_empty(), "{name}");
        for secret in list(service, "/secrets") {
            assert!(
                secrets.contains(secret.as_str().unwrap()),
                "{name}: {secret}"
            );
        }
        for other in keys(service, "/depends_on") {
            assert!(names.contains(&other), "{name}: {other}");
        }
        for volume in list(service, "/volumes") {
            let from = volume.as_str().unwrap().split(':').next().unwrap();
            let exists = if from.starts_with('.') {
                root().join("contrib/compose").join(from).exists()
            } else {
                volumes.contains(from)
            };
            assert!(exists, "{name}: {from}");
        }
        if let Some(script) = service["command"][1]
            .as_str()
            .filter(|it| it.ends_with(".sh"))
        {
            let script = script.strip_prefix("/servers/").unwrap();
            assert!(root().join("contrib/servers").join(script).exists());
        }
    }
    // The application reaches both servers, with passwords that it is given.
    let application = &compose["services"]["application"];
    let url = text(application, "/environment/REDIS_CONFIG_URL");
    let first = text(&compose["services"]["first-config"], "/environment/CONFIG");
    for (host, file) in [config(url), config(first)] {
        assert!(names.contains(&host), "{host}");
        let secret = file.strip_prefix("/run/secrets/").unwrap();
        let given = list(application, "/secrets");
        assert!(given.iter().any(|one| one == secret), "{secret}");
    }
    Settings::new(url).scope_blocking(|| {});
}

#[test]
fn all_that_kubernetes_refers_to_is_there() {
    let files = ["config-server", "application", "secrets"];
    let all: Vec<Value> = files
        .iter()
        .flat_map(|file| documents(&format!("contrib/kubernetes/{file}.yaml")))
        .collect();
    // By kind and name, with the keys of what can be mounted.
    let mut known = BTreeMap::new();
    let mut labels = Vec::new();
    for object in &all {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        let version = match kind {
            "ConfigMap" | "Secret" | "Service" => "v1",
            "Deployment" | "StatefulSet" => "apps/v1",
            other => panic!("unknown kind {other}"),
        };
        assert_eq!(text(object, "/apiVersion"), version, "{kind} {name}");
        let mut mounted = keys(object, "/data");
        mounted.extend(keys(object, "/stringData"));
        assert!(
            known.insert((kind, name), mounted).is_none(),
            "{kind} {name}"
        );
        labels.extend(object.pointer("/spec/template/metadata/labels"));
    }
    for object in &all {
        match text(object, "/kind") {
            "Deployment" | "StatefulSet" => check_pods(object, &known),
            "Service" => {
                let selector = object.pointer("/spec/selector");
                assert!(labels.iter().any(|labels| Some(*labels) == selector));
            }
            _ => {}
        }
    }
    let script = all
        .iter()
        .find(|object| object["kind"] == "ConfigMap")
        .unwrap();
    assert_eq!(
        script["data"]["config-server.sh"],
        read("contrib/servers/config-server.sh")
    );
}

/// Checks what runs pods, against the objects that there are.
fn check_pods(object: &Value, known: &BTreeMap<(&str, &str), BTreeSet<String>>) {
    let name = text(object, "/metadata/name");
    let selected = object.pointer("/spec/selector/matchLabels");
    assert!(selected.is_some(), "{name}");
    assert_eq!(selected, object.pointer("/spec/template/metadata/labels"));
    let pod = object.pointer("/spec/template/spec").unwrap();
    // By volume, the files that are in it.
    let mut volumes = BTreeMap::new();
    for volume in list(pod, "/volumes") {
        let named = |pointer, kind| {
            let name = volume.pointer(pointer)?.as_str()?;
            Some(
                known
                    .get(&(kind, name))
                    .unwrap_or_else(|| panic!("no {kind} {name}")),
            )
        };
        let files = named("/secret/secretName", "Secret")
            .or_else(|| named("/configMap/name", "ConfigMap"))
            .cloned();
        assert!(
            files.is_some() || volume.get("emptyDir").is_some(),
            "{volume}"
        );
        volumes.insert(text(volume, "/name"), files.unwrap_or_default());
    }
    for claim in list(object, "/spec/volumeClaimTemplates") {
        volumes.insert(text(claim, "/metadata/name"), BTreeSet::new());
    }
    for container in list(pod, "/containers") {
        assert!(!text(container, "/image").is_empty());
        let ports: Vec<_> = list(container, "/ports")
            .iter()
            .map(|port| &port["name"])
            .collect();
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let Some(probe) = container.get(probe) else {
                continue;
            };
            let port = probe
                .pointer("/httpGet/port")
                .or(probe.pointer("/tcpSocket/port"));
            assert!(ports.contains(&port.unwrap()), "{probe}");
        }
        let mut files = BTreeSet::new();
        for mount in list(container, "/volumeMounts") {
            let path = text(mount, "/mountPath");
            let inside = volumes.get(text(mount, "/name"));
            let inside = inside.unwrap_or_else(|| panic!("{mount} mounts nothing"));
            files.extend(inside.iter().map(|file| format!("{path}/{file}")));
        }
        for variable in list(container, "/env") {
            if variable["name"] == "REDIS_CONFIG_URL" {
                let (host, file) = config(text(variable, "/value"));
                assert!(known.contains_key(&("Service", &host)), "{host}");
                assert!(files.contains(&file), "{file}");
            }
        }
    }
}
