//! What happens is seen when it happens, and what is shown is right after any pause.

use serde_json::json;

use crate::site::Site;
use crate::support::{PATIENCE, in_sync, until};

async fn create(site: &Site, name: &str) {
    let user = json!({ "login": format!("{name}@example.com"), "email": format!("{name}@example.com"), "firstName": name, "lastName": "Example" });
    site.world.control().call("POST", "/okta/users", &user).await.unwrap();
}

#[tokio::test]
async fn the_live_page_is_right_after_the_daemon_was_gone_and_after_a_reload() {
    let mut site = Site::with_connection(&["--users", "10", "--groups", "2"]);
    site.world.json(&["setup"]);
    site.world.json(&["sync"]);
    let browser = site.signed_in().await;
    browser.goto(&site.address("/connections/main/live")).await;
    browser.see("Live").await;
    let created = async || {
        browser.script("return [...document.querySelectorAll('main tbody tr')].filter((e) => e.innerText.includes('user.lifecycle.create')).length").await
    };
    create(&site, "ada").await;
    browser.see("user.lifecycle.create").await;

    // The daemon goes and comes back; what happened meanwhile is there without a hand being moved.
    site.stop();
    browser.see("Reconnecting").await;
    create(&site, "grace").await;
    site.start("c.toml");
    browser.miss("Reconnecting").await;
    assert!(in_sync(&site.world, PATIENCE).await.in_sync);
    until("two people were created", async || (created().await == 2).then_some(())).await;

    browser.goto(&site.address("/connections/main/live")).await;
    browser.see("user.lifecycle.create").await;
    assert_eq!(created().await, 2, "a reload shows what the live page showed");
    browser.assert_clean("live").await;
}

#[tokio::test]
async fn a_step_that_fails_says_why_and_works_once_the_remedy_is_followed() {
    let site = Site::with_connection(&["--users", "10", "--groups", "2"]);
    let control = site.world.control();
    control.call("POST", "/okta/scopes/okta.eventHooks.manage/off", &json!({})).await.unwrap();
    let browser = site.signed_in().await;
    browser.goto(&site.address("/connections/main/setup")).await;
    browser.press("Setup").await;
    browser.see("okta.eventHooks.manage").await;
    browser.see("Does not hold").await;
    assert!(!browser.offers("Synchronize").await);
    browser.picture("step-failed").await;
    control.call("POST", "/okta/scopes/okta.eventHooks.manage/on", &json!({})).await.unwrap();
    browser.press("Setup").await;
    browser.see("Event hook to").await;
    browser.miss("Does not hold").await;
}
