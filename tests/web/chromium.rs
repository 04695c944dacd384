//! A headless Chromium, driven over the DevTools protocol.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{SOON, until};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A browser with one page, ended when this is dropped.
pub(crate) struct Page {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    /// Removed after the browser has ended.
    _profile: TempDir,
}

impl Page {
    pub(crate) fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The protocol is spoken over the descriptors 3 and 4, which a shell can make of a child's
        // stdin and stdout.
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            r#"exec 3<&0 4>&1 </dev/null >/dev/null; exec "$@""#,
            "sh",
        ]);
        command.arg(browser()).args([
            "--headless",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]);
        if rustix::process::getuid().is_root() {
            // Where Chromium's own sandbox refuses to work.
            command.arg("--no-sandbox");
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut child = command
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        // A thread, so that waiting for an answer can end. It ends with the browser.
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut page = Self {
            child,
            commands,
            messages,
            session: None,
            last_id: 0,
            _profile: profile,
        };
        let target = page.send("Target.createTarget", &json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = page.send("Target.attachToTarget", &target);
        page.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        // Answered when the empty page has made room, so that nothing is asked of that one.
        page.send("Page.navigate", &json!({"url": url}));
        page.until("document.readyState === 'complete'");
        page
    }

    /// The value of a JavaScript expression.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let evaluated = self.send("Runtime.evaluate", &parameters);
        let exception = &evaluated["exceptionDetails"];
        assert!(exception.is_null(), "`{expression}`: {exception}");
        evaluated["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        until(expression, || self.evaluate(expression) == true);
    }

    /// Types into a field as a user does.
    pub(crate) fn type_into(&mut self, selector: &str, text: &str) {
        let selected = json!(selector);
        self.evaluate(&format!("document.querySelector({selected}).select()"));
        self.send("Input.insertText", &json!({"text": text}));
    }

    /// Clicks in the middle of an element.
    pub(crate) fn click(&mut self, selector: &str) {
        let selected = json!(selector);
        let middle = self.evaluate(&format!(
            "(() => {{ const found = document.querySelector({selected}); found.scrollIntoView({{block: 'center'}}); \
             const at = found.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2] }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1,
            });
            self.send("Input.dispatchMouseEvent", &event);
        }
    }

    fn send(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        write!(self.commands, "{message}\0").unwrap();
        loop {
            let answer = self.messages.recv_timeout(SOON);
            let mut answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.last_id {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Its own processes end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn browser() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = NAMES.iter().flat_map(|name| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .collect::<Vec<_>>()
    });
    candidates
        .find(|candidate| candidate.is_file())
        .expect("a browser: `cargo xtask test --browser` installs one")
}
