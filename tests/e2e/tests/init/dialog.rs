//! The dialog of `okta-insight init` on a terminal.

use std::process::Command;
use std::time::Duration;

use expectrl::Expect;
use expectrl::process::unix::WaitStatus;
use expectrl::session::{OsSession, Session};
use serde_json::Value;

use super::*;

/// The wizard on a terminal of its own.
struct Dialogue {
    session: OsSession,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

impl Dialogue {
    fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary("okta-insight"));
        command.arg("init").args(arguments).current_dir(site.world.folder());
        command.env("NO_COLOR", "1").env("TERM", "xterm").env_remove("OKTA_INSIGHT_CONFIG");
        let mut session = Session::spawn(command).unwrap();
        session.get_process_mut().set_window_size(110, 200).unwrap();
        session.set_expect_timeout(Some(Duration::from_mins(3)));
        Self { session, screen: vt100::Parser::new(200, 110, 0), raw: Vec::new() }
    }

    /// Waits for a text.
    fn see(&mut self, text: &str) -> &mut Self {
        match self.session.expect(text) {
            Ok(found) => self.raw.extend_from_slice(found.as_bytes()),
            Err(e) => {
                panic!("{text:?} was not seen ({e}); before it\n{}", String::from_utf8_lossy(&self.raw))
            }
        }
        self
    }

    fn answer(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self.session.send(ENTER).unwrap();
        self
    }

    /// Everything that was shown, and the exit code.
    fn end(mut self) -> (String, String, i32) {
        let rest = self.session.expect(expectrl::Eof).unwrap();
        self.raw.extend_from_slice(rest.as_bytes());
        self.screen.process(&self.raw);
        let code = match self.session.get_process().wait().unwrap() {
            WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}"),
        };
        let shown: Vec<String> =
            self.screen.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect();
        (shown.join("\n"), String::from_utf8_lossy(&self.raw).into_owned(), code)
    }
}

#[tokio::test]
async fn dialog_checks_each_answer() {
    let site = Site::start();
    let mut wizard = Dialogue::start(&site, &["--api-url", site.ready_text("/insight/api_url")]);
    wizard.see("Configuration file").answer("");
    wizard.see("Name of the connection").answer("");
    wizard.see("Org URL").answer("https://example-admin.okta.com");
    wizard.see("URL of the Okta Admin Console").see("Org URL").answer(site.ready_text("/insight/api_url"));
    wizard.see("no Okta org").see("Keep the value").answer(DOWN);
    wizard.see("Enter another").see("Org URL").answer(site.ready_text("/okta/org_url"));
    wizard.see("an Okta org responds").see("Event source").see("  Event hook").answer("");
    wizard.see("Public URL").answer("http://sync.example.com");
    wizard.see("must start with https").see("Public URL").answer("https://sync.example.com");
    wizard.see("Okta will deliver").see("Use another file").answer("");
    wizard.see("Client ID of the app").answer(site.ready_text("/okta/client_id"));
    wizard.see("rejected the app's credentials").see("Keep the value");
    let private: Value = serde_json::from_str(&site.read("okta-insight-main.jwk")).unwrap();
    let mut public = private.clone();
    public
        .as_object_mut()
        .unwrap()
        .retain(|name, _| ["kty", "n", "e", "kid", "use", "alg"].contains(&name.as_str()));
    site.world.control().call("POST", "/okta/keys", &public).await.unwrap();
    wizard.answer("");
    wizard.see("can sign in and read").see("Import token").answer("ATCTT3xwrong");
    wizard.see("rejected the import token").see("Keep the value").answer(DOWN);
    wizard.see("Enter another").see("Import token").answer(site.ready_text("/insight/import_token"));
    wizard.see("token of import source").see("Enter an account").answer("");
    wizard.see("okta-insight setup");
    let (shown, raw, code) = wizard.end();
    assert_eq!(code, 0, "{shown}");
    site.no_secret_in(&raw);
    assert!(!raw.contains("ATCTT3xwrong") && !raw.contains(private["d"].as_str().unwrap()));
    let shown = shown.replace(public["n"].as_str().unwrap(), "MODULUS");
    let shown = shown.replace(public["kid"].as_str().unwrap(), "THUMBPRINT");
    insta::assert_snapshot!(site.normalized(&shown));
    assert_eq!((site.mode("okta-insight.toml"), site.mode("okta-insight-main.jwk")), (0o600, 0o600));
    assert!(site.read("okta-insight.toml").contains("private_key = { file = \"okta-insight-main.jwk\" }"));
}

#[test]
fn canceled_dialog_writes_no_config() {
    let site = Site::start();
    let mut wizard = Dialogue::start(&site, &[]);
    wizard.see("Configuration file").answer("").see("Name of the connection");
    wizard.session.send("\x03").unwrap();
    wizard.see("canceled");
    let (shown, _, code) = wizard.end();
    assert_eq!(code, 1, "{shown}");
    assert!(!site.world.path("okta-insight.toml").exists());
}
