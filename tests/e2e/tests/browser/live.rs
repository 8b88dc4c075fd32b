//! What happens is seen when it happens, and what is shown is right after any pause.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::site::Site;
use crate::support::{PATIENCE, in_sync, wait_until};

/// How many people the page says were created.
const CREATED: &str = "return [...document.querySelectorAll('main tbody tr')]
    .filter((row) => row.textContent.includes('user.lifecycle.create')).length";

async fn create(site: &Site, name: &str) {
    let user = json!({ "login": format!("{name}@example.com"), "email": format!("{name}@example.com"), "firstName": name, "lastName": "Example" });
    site.world.control().call("POST", "/okta/users", &user).await.unwrap();
}

#[tokio::test]
async fn live_page_survives_daemon_restart() {
    let mut site = Site::with_connection(&["--users", "10", "--groups", "2"]);
    site.world.json(&["setup"]);
    site.world.json(&["sync"]);
    let browser = site.signed_in().await;
    browser.goto(&site.address("/connections/main/activity")).await;
    browser.see("Live").await;
    let created = async || browser.script(CREATED).await;
    create(&site, "ada").await;
    browser.see("user.lifecycle.create").await;

    // The daemon goes and comes back; what happened meanwhile is there without a hand being moved.
    site.stop();
    browser.see("Reconnecting").await;
    create(&site, "grace").await;
    site.start("c.toml");
    browser.miss("Reconnecting").await;
    assert!(in_sync(&site.world, PATIENCE).await.in_sync);
    wait_until("two people were created", async || (created().await == 2).then_some(())).await;

    browser.goto(&site.address("/connections/main/activity")).await;
    browser.see("user.lifecycle.create").await;
    assert_eq!(created().await, 2, "a reload shows what the live page showed");
    browser.assert_clean("live").await;
}

#[tokio::test]
async fn failed_step_works_after_remedy() {
    let site = Site::with_connection(&["--users", "10", "--groups", "2"]);
    let control = site.world.control();
    control.call("POST", "/okta/scopes/okta.eventHooks.manage/off", &json!({})).await.unwrap();
    let browser = site.signed_in().await;
    browser.goto(&site.address("/connections/main/setup")).await;
    browser.press("Setup").await;
    browser.see("okta.eventHooks.manage").await;
    browser.see("Failed").await;
    assert!(!browser.offers("Synchronize").await);
    browser.picture("step-failed").await;
    control.call("POST", "/okta/scopes/okta.eventHooks.manage/on", &json!({})).await.unwrap();
    browser.press("Setup").await;
    browser.see("Event hook to").await;
    browser.miss("Failed").await;
}

#[tokio::test]
async fn live_updates_keep_focus_and_selection() {
    let site = Site::with_connection(&["--users", "10", "--groups", "2"]);
    site.world.json(&["setup"]);
    site.world.json(&["sync"]);
    let browser = site.signed_in().await;
    let created = async |n: u64| {
        let what = format!("{n} people were created");
        wait_until(&what, async || (browser.script(CREATED).await == n).then_some(())).await;
    };
    browser.width(660).await;
    browser.goto(&site.address("/connections/main/activity")).await;
    browser.see("Live").await;
    create(&site, "ada").await;
    created(1).await;

    // A press into the table puts the focus there; what is new is shown all the same, where it was moved to.
    browser.press_at(By::Css("main tbody td"), "cell").await;
    let area = "document.querySelector('[data-part=events] .scroll')";
    browser.script(&format!("{area}.scrollLeft = 40; {area}.old = true")).await;
    let focused =
        async |script: &str| browser.script(&format!("return document.activeElement.{script}")).await;
    assert_eq!(focused("className").await, "scroll");
    create(&site, "grace").await;
    created(2).await;
    assert_eq!(focused("className").await, "scroll");
    assert_eq!(browser.script(&format!("return {area}.old ?? false")).await, false, "it is another");
    let moved =
        browser.script(&format!("return [{area}.scrollLeft, {area}.scrollWidth - {area}.clientWidth]")).await;
    assert!(moved[0] == 40 || moved[0] == moved[1], "{moved}");

    // So with a link that has the focus.
    let link = "document.querySelector('[data-part=events] tbody a[href*=\"/events/\"]')";
    let address = browser.script(&format!("{link}.focus(); return {link}.href")).await;
    create(&site, "joan").await;
    created(3).await;
    assert_eq!(focused("href").await, address);

    // While text is selected nothing moves; then everything is shown.
    browser
        .script("getSelection().selectAllChildren(document.querySelector('[data-part=events] tbody td'))")
        .await;
    let selected = browser.script("return getSelection().toString()").await;
    create(&site, "mary").await;
    browser.see("Updates are paused").await;
    assert_eq!(browser.script("return getSelection().toString()").await, selected);
    assert_eq!(browser.script(CREATED).await, 3);
    browser.script("getSelection().removeAllRanges()").await;
    created(4).await;
    browser.miss("Updates are paused").await;
    browser.assert_clean("live").await;
}
