//! From an empty store to live sync in the browser alone.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::site::Site;
use crate::support::{PATIENCE, in_sync};

async fn fill_in(browser: &Browser, site: &Site, token: &str) {
    browser.fill("Name", "acme").await;
    browser.fill("Okta org URL", &site.ready("/okta/org_url")).await;
    browser.fill("Client ID", &site.ready("/okta/client_id")).await;
    browser.fill("Private key", &site.ready("/okta/private_key_jwk")).await;
    browser.fill("Public URL", &format!("http://{}", site.world.server("listen"))).await;
    browser.fill("Import token", token).await;
    browser.press("Optional settings").await;
    browser.fill("Assets API URL", &site.ready("/insight/api_url")).await;
}

#[tokio::test]
async fn new_user_completes_setup() {
    let site = Site::empty(&["--users", "40", "--groups", "4"]);
    let browser = site.signed_in().await;
    browser.see("No connections yet").await;
    browser.picture("empty").await;
    browser.press("Add connection").await;

    fill_in(&browser, &site, "not-a-token").await;
    browser.press("Save").await;
    browser.see("Nothing was saved").await;
    browser.see("Assets rejected the import token").await;
    let border = "return getComputedStyle(document.querySelector('main [aria-invalid=true]')).borderTopWidth";
    assert_eq!(browser.script(border).await, "2px", "what is wrong is marked");
    browser.picture("save-refused").await;
    // What was typed stays, and only what was wrong is typed again.
    browser.fill("Import token", &site.ready("/insight/import_token")).await;
    browser.press("Save").await;

    browser.see("Complete the steps in order").await;
    assert_eq!(browser.path().await, "/connections/acme/setup");
    assert!(!browser.offers("Synchronize").await, "nothing holds yet that it stands on");
    browser.press("Setup").await;
    browser.see("2 object types with").await;
    browser.press("Verify Okta Hook").await;
    browser.see("active, verified, and subscribed").await;
    browser.see("References accept any number of values").await;
    browser.press("Synchronize").await;
    browser.see("Setup is complete").await;
    browser.picture("set-up").await;
    browser.assert_clean("set-up").await;
    assert!(in_sync(&site.world, PATIENCE).await.in_sync);

    // From here on changes arrive by themselves.
    browser.goto(&site.address("/connections/acme/activity")).await;
    let user = json!({ "login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace" });
    let made = site.world.control().call("POST", "/okta/users", &user).await.unwrap();
    browser.see("user.lifecycle.create").await;
    assert!(in_sync(&site.world, PATIENCE).await.in_sync);
    browser.goto(&site.address("/connections/acme/objects?q=ada@example.com")).await;
    browser.see("ada@example.com").await;
    assert!(made["id"].is_string());
}

#[tokio::test]
async fn setup_works_with_keyboard_alone() {
    let site = Site::empty(&["--users", "5", "--groups", "2"]);
    let browser = Browser::open().await;
    browser.goto(&site.address("/")).await;
    browser.see("Sign in").await;
    tab_to(&browser, "Access token").await;
    browser.key(site.token.as_str()).await;
    browser.key(Key::Enter).await;
    browser.see("Add connection").await;
    tab_to(&browser, "Add connection").await;
    browser.key(Key::Enter).await;
    browser.see("Okta org URL").await;
    let fields = [
        ("Okta org URL", site.ready("/okta/org_url")),
        ("Client ID", site.ready("/okta/client_id")),
        ("Private key", site.ready("/okta/private_key_jwk")),
        ("Import token", site.ready("/insight/import_token")),
    ];
    for (label, text) in &fields {
        tab_to(&browser, label).await;
        browser.key(text.as_str()).await;
    }
    tab_to(&browser, "Optional settings").await;
    browser.key(Key::Enter).await;
    tab_to(&browser, "Assets API URL").await;
    browser.key(site.ready("/insight/api_url").as_str()).await;
    tab_to(&browser, "Save").await;
    browser.key(Key::Enter).await;
    browser.see("Complete the steps in order").await;
    for (button, then) in [
        ("Setup", "2 object types with"),
        ("Verify Okta Hook", "No event hook is configured"),
        ("Synchronize", "Setup is complete"),
    ] {
        tab_to(&browser, button).await;
        browser.key(Key::Enter).await;
        browser.see(then).await;
    }
    assert!(in_sync(&site.world, PATIENCE).await.in_sync);
}

/// Presses the tab key until the focus, which must be visible, is where it should be.
async fn tab_to(browser: &Browser, name: &str) {
    let named = "const e = document.activeElement;
        const label = e.id && document.querySelector(`label[for='${e.id}']`);
        const kind = e.closest('nav.tabs') ? 'tab ' : '';
        return [kind + ((label || e).innerText ?? '').trim(), getComputedStyle(e).outlineStyle !== 'none' || e.matches('input, textarea')]";
    let mut on_the_way = Vec::new();
    for _ in 0..80 {
        browser.key(Key::Tab).await;
        let now = browser.script(named).await;
        on_the_way.push(now[0].as_str().unwrap_or_default().to_owned());
        if now[0] == name {
            assert_eq!(now[1], true, "the focus on {name} cannot be seen");
            return;
        }
    }
    panic!("the tab key does not lead to {name}, but to {on_the_way:?}");
}
