//! Signing in with the org, over HTTP to the sandbox.

use sandbox::{ControlClient, DpopMode, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use sync_console::access::AccessOptions;
use sync_console::access::oidc::{CALLBACK, Oidc, OidcError, OidcSettings};
use url::Url;

use crate::test_env::{Answer, Browser, TestEnv, query};

const CONSOLE: &str = "https://console.example";

struct Org {
    sandbox: Sandbox,
    control: ControlClient,
    http: reqwest::Client,
}

struct Setup {
    org: Org,
    world: TestEnv,
    login: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn settings(issuer: &str) -> OidcSettings {
    OidcSettings {
        issuer: Url::parse(issuer).unwrap(),
        client_id: "0oa1".into(),
        client_secret: "s".to_owned().into(),
        admin_groups: vec!["Console Admins".into()],
        read_only_groups: vec!["Auditors".into(), "Console Readers".into()],
        redirect_base: Url::parse(CONSOLE).unwrap(),
        allow_private_addresses: false,
    }
}

impl Setup {
    async fn new(thin: bool) -> Self {
        Self::with(json!({ "redirect_uris": [format!("{CONSOLE}{CALLBACK}")], "thin": thin }), |_| {}).await
    }

    async fn with(app: Value, adjust: impl FnOnce(&mut OidcSettings)) -> Self {
        let options =
            SandboxOptions { users: 6, groups: 2, dpop: DpopMode::Off, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let control = ControlClient::new(sandbox.control_url());
        let app = control.call("POST", "/okta/web-apps", &app).await.unwrap();
        let mut settings = OidcSettings {
            client_id: text(&app["client_id"]),
            client_secret: text(&app["client_secret"]).into(),
            ..settings(app["issuer"].as_str().unwrap())
        };
        adjust(&mut settings);
        let options = AccessOptions { behind_proxy: true, ..AccessOptions::default() };
        let world = TestEnv::with(options, Some(Oidc::new(settings).unwrap())).await;
        let user = json!({"login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "L"});
        control.call("POST", "/okta/users", &user).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { org: Org { sandbox, control, http }, world, login: "ada@example.com".into() }
    }

    async fn join(&self, group: &str) {
        let made = self.org.control.call("POST", "/okta/groups", &json!({ "name": group })).await.unwrap();
        let users = self.org.control.get("/okta/users?limit=1000").await.unwrap();
        let all = users["users"].as_array().unwrap();
        let user = all.iter().find(|user| user["profile"]["login"] == self.login.as_str()).unwrap();
        let group = made.as_str().map_or_else(|| text(&made["id"]), str::to_owned);
        let path = format!("/okta/groups/{group}/users/{}", text(&user["id"]));
        self.org.control.call("PUT", &path, &Value::Null).await.unwrap();
    }

    /// Where Okta sends a browser back to that was sent to it.
    async fn at_okta(&self, address: &str) -> String {
        let request = self.org.http.get(address).query(&[("prompt", "none"), ("login_hint", &self.login)]);
        let answer = request.send().await.unwrap();
        let back = answer.headers()["location"].to_str().unwrap().to_owned();
        back.strip_prefix(CONSOLE).unwrap().to_owned()
    }

    async fn begin(&self, browser: &mut Browser, next: &str) -> String {
        let page = browser.get(&format!("/sign-in?next={next}")).await;
        let (_, link) = page.text.split_once("href=\"").unwrap();
        let sent = browser.get(&link.split_once('"').unwrap().0.replace("&amp;", "&")).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        sent.location().to_owned()
    }

    async fn sign_in(&self, browser: &mut Browser, next: &str) -> Answer {
        let address = self.begin(browser, next).await;
        browser.get(&self.at_okta(&address).await).await
    }
}

#[tokio::test]
async fn allowed_group_members_can_sign_in() {
    let setup = Setup::new(false).await;
    let mut browser = setup.world.browser();
    let refused = setup.sign_in(&mut browser, "/runs").await;
    assert_eq!(refused.status, 403);
    let words = "ada@example.com isn't in a group with access to this console: \
         &quot;Console Admins&quot; (Administrator), &quot;Auditors&quot; (Read-only), &quot;Console Readers&quot; (Read-only)";
    assert!(refused.text.contains(words), "{}", refused.text);
    assert!(!browser.is_signed_in().await);
    setup.join("Console Readers").await;
    let answer = setup.sign_in(&mut browser, "/runs?failed=1").await;
    assert_eq!((answer.status, answer.location()), (303, "/runs?failed=1"), "{}", answer.text);
    assert!(browser.get("/").await.text.starts_with("ada@example.com read_only Session"));
    let kept: Vec<&String> = browser.cookies.keys().collect();
    assert_eq!(kept, ["__Host-okta_insight_session"]);
    setup.join("Console Admins").await;
    let mut browser = setup.world.browser();
    setup.sign_in(&mut browser, "/").await;
    assert!(browser.get("/").await.text.starts_with("ada@example.com admin Session"));
    setup.org.sandbox.shutdown().await;
}

#[tokio::test]
async fn userinfo_and_new_keys_are_fetched() {
    let setup = Setup::new(true).await;
    setup.join("Console Admins").await;
    // The second sign-in is signed with a new key.
    for _ in 0..2 {
        let mut browser = setup.world.browser();
        let answer = setup.sign_in(&mut browser, "/").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert!(browser.get("/").await.text.starts_with("ada@example.com admin Session"));
        setup.org.control.call("DELETE", "/okta/web-apps/key", &Value::Null).await.unwrap();
    }
}

#[tokio::test]
async fn authorization_code_is_bound_to_browser() {
    let setup = Setup::new(false).await;
    setup.join("Console Admins").await;
    let mut victim = setup.world.browser().with("x-forwarded-for", "192.0.2.1");
    let mut attacker = setup.world.browser().with("x-forwarded-for", "192.0.2.2");
    let address = setup.begin(&mut attacker, "/").await;
    let asked = query(&address);
    assert_eq!(
        (asked["code_challenge_method"].as_str(), asked["scope"].as_str()),
        ("S256", "openid profile groups")
    );
    let back = setup.at_okta(&address).await;
    assert_eq!(victim.get(&back).await.status, 403, "it has no cookie");
    setup.begin(&mut victim, "/").await;
    let refused = victim.get(&back).await;
    assert!(refused.status == 403 && refused.text.contains("another browser"), "{}", refused.text);
    assert!(!victim.is_signed_in().await);
    let cookies = attacker.cookies.clone();
    assert_eq!(attacker.get(&back).await.status, 303);
    attacker.cookies = cookies.clone();
    let replayed = attacker.get(&back).await;
    assert!(replayed.status == 403 && replayed.text.contains("invalid_grant"), "{}", replayed.text);
    assert!(!replayed.text.contains(&query(&back)["code"]));
    let back = setup.at_okta(&setup.begin(&mut attacker, "/").await).await;
    setup.world.clock.advance(11);
    assert!(attacker.get(&back).await.text.contains("10 minutes"));
}

#[tokio::test]
async fn only_genuine_okta_errors_are_shown() {
    let setup = Setup::with(json!({ "redirect_uris": [format!("{CONSOLE}{CALLBACK}")] }), |settings| {
        settings.client_secret = "wrong".to_owned().into();
    })
    .await;
    let mut browser = setup.world.browser();
    let refused = setup.sign_in(&mut browser, "/").await;
    assert!(refused.status == 403 && refused.text.contains("client ID and secret"), "{}", refused.text);
    let made_up = format!("{CALLBACK}?error=access_denied&error_description=Call+0900+now&state=x");
    setup.begin(&mut browser, "/").await;
    assert!(!browser.get(&made_up).await.text.contains("0900"));
    let state = query(&setup.begin(&mut browser, "/").await)["state"].clone();
    let denied =
        format!("{CALLBACK}?error=access_denied&error_description=User+is+not+assigned&state={state}");
    let told = browser.get(&denied).await;
    assert!(told.status == 403 && told.text.contains("Okta did not sign you in: User is not assigned"));
    // Each of these could have cost a request to Okta.
    let mut last = told;
    for _ in 0..4 {
        last = browser.get(&made_up).await;
    }
    assert_eq!(last.status, 429);
}

#[tokio::test]
async fn okta_sign_in_start_is_refused() {
    let setup = Setup::new(false).await;
    let mut foreign = setup.world.browser().with("sec-fetch-site", "cross-site");
    assert_eq!(foreign.get("/sign-in/okta").await.status, 403);
    setup.org.sandbox.shutdown().await;
    let answer = setup.world.browser().get("/sign-in/okta").await;
    assert!(answer.status == 502 && answer.text.contains("could not get"), "{}", answer.text);
    let without = TestEnv::new().await;
    assert_eq!(without.browser().get("/sign-in/okta").await.status, 404);
    assert!(!without.browser().get("/sign-in").await.text.contains("/sign-in/okta"));
}

#[test]
fn settings_that_cannot_work_are_named() {
    let wrong = |change: fn(&mut OidcSettings)| {
        let mut changed = settings("https://example.okta.com");
        change(&mut changed);
        match Oidc::new(changed) {
            Err(OidcError::Setting { key, .. }) => key,
            other => panic!("{:?}", other.err()),
        }
    };
    assert!(Oidc::new(settings("https://example.okta.com")).is_ok());
    assert!(Oidc::new(settings("http://127.0.0.1:1")).is_ok());
    assert_eq!(wrong(|s| s.issuer = Url::parse("http://example.okta.com").unwrap()), "issuer");
    assert_eq!(wrong(|s| s.issuer = Url::parse("https://u:p@example.okta.com").unwrap()), "issuer");
    assert_eq!(wrong(|s| s.redirect_base = Url::parse("http://console.example").unwrap()), "redirect_base");
    assert_eq!(
        wrong(|s| s.redirect_base = Url::parse("https://console.example/x").unwrap()),
        "redirect_base"
    );
    assert_eq!(wrong(|s| s.client_id.clear()), "client_id");
    assert_eq!(wrong(|s| (s.admin_groups, s.read_only_groups) = (Vec::new(), Vec::new())), "admin_groups");
}
