//! Who gets in, how sessions end, and what is refused.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::browser::Browser;
use crate::site::Site;

#[tokio::test]
async fn sign_in_returns_to_requested_page() {
    let site = Site::with_connection(&["--users", "3", "--groups", "1"]);
    let browser = Browser::open().await;
    browser.goto(&site.address("/connections/main/runs")).await;
    browser.see("Sign in").await;
    browser.fill("Access token", "oia_guessed").await;
    browser.press("Sign in").await;
    browser.see("unknown, revoked, or expired").await;
    browser.fill("Access token", &site.token).await;
    browser.press("Sign in").await;
    browser.see("Runs").await;
    assert_eq!(browser.path().await, "/connections/main/runs");

    let cookies = browser.driver.get_all_cookies().await.unwrap();
    let session = cookies.iter().find(|cookie| cookie.name.contains("session")).unwrap();
    assert_eq!(browser.script("return document.cookie").await, json!(""), "no script sees the session");

    browser.press("Sign out").await;
    browser.see("You signed out").await;
    browser.driver.add_cookie(session.clone()).await.unwrap();
    browser.goto(&site.address("/")).await;
    browser.see("Your session ended").await;
    assert!(!browser.text().await.contains("main"), "the old cookie opens nothing");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let site = Site::empty(&["--users", "1", "--groups", "1"]);
    let browser = Browser::open().await;
    browser.goto(&site.address("/sign-in")).await;
    for n in 0..6 {
        browser.fill("Access token", &format!("oia_guess{n}")).await;
        browser.follow("Sign in").await;
    }
    browser.see("Too many failed sign-ins").await;
    // The right one gets in all the same.
    browser.fill("Access token", &site.token).await;
    browser.follow("Sign in").await;
    browser.see("Connections").await;
}

#[tokio::test]
async fn foreign_form_changes_nothing() {
    let site = Site::with_connection(&["--users", "3", "--groups", "1"]);
    let browser = site.signed_in().await;
    let post = "const done = arguments[arguments.length - 1];
        fetch(arguments[0], { method: 'POST', body: new URLSearchParams({ csrf: arguments[1] }) })
            .then(async (answer) => done([answer.status, await answer.text()]));";
    for csrf in ["", "made-up"] {
        let answer =
            browser.driver.execute_async(post, vec![json!("/connections/main/pause"), json!(csrf)]).await;
        assert_eq!(answer.unwrap().json()[0], 403, "csrf {csrf:?}");
    }
    browser.goto(&site.address("/connections/main")).await;
    assert!(browser.offers("Pause").await, "nothing was paused");
    // The very same request with what the page's own forms carry.
    let own = browser.script("return document.querySelector('[name=csrf]').value ?? document.querySelector('[name=csrf]').content").await;
    let answer = browser.driver.execute_async(post, vec![json!("/connections/main/pause"), own]).await;
    assert_eq!(answer.unwrap().json()[0], 200);
    browser.goto(&site.address("/connections/main")).await;
    browser.see("Syncing is paused").await;
    browser.press("Resume").await;
    browser.miss("Syncing is paused").await;
}

#[tokio::test]
async fn read_only_user_cannot_change_anything() {
    let site = Site::with_connection(&["--users", "3", "--groups", "1"]);
    let admin = site.signed_in().await;
    admin.press("Access tokens").await;
    admin.fill("Name", "auditor").await;
    admin.press("Create token").await;
    admin.see("It is shown only once").await;
    let token = admin.script("return document.querySelector('code.secret').textContent").await;
    admin.goto(&site.address("/access")).await;
    assert!(!admin.text().await.contains(token.as_str().unwrap()), "shown once");

    let browser = Browser::open().await;
    site.sign_in(&browser, token.as_str().unwrap()).await;
    browser.see("Read-only").await;
    for page in [
        "/",
        "/connections/main",
        "/connections/main/setup",
        "/connections/main/plan",
        "/connections/main/events",
        "/access",
    ] {
        browser.goto(&site.address(page)).await;
        let forms = browser.script("return document.querySelectorAll('main form[method=post]').length").await;
        assert_eq!(forms, 0, "{page}");
    }
    let post = "const done = arguments[arguments.length - 1];
        const csrf = document.querySelector('[name=csrf]').content;
        fetch('/connections/main/setup', { method: 'POST', body: new URLSearchParams({ csrf }) })
            .then(async (answer) => done([answer.status, await answer.text()]));";
    let answer = browser.driver.execute_async(post, Vec::new()).await.unwrap().json().clone();
    assert_eq!(answer[0], 403);
    assert!(answer[1].as_str().unwrap().contains("is read-only"), "{answer}");

    // Revoking the token ends the sessions made with it, after a second press.
    browser.goto(&site.address("/connections/main/activity")).await;
    admin.see("the last valid administrator token").await;
    admin.press("Revoke auditor").await;
    admin.press("Revoke token auditor").await;
    admin.see("Revoked").await;
    // A page that is open notices by itself.
    browser.see("Your session ended").await;
}

#[tokio::test]
async fn allowed_okta_groups_can_sign_in() {
    let site = Site::with_okta_sign_in().await;
    let browser = Browser::open().await;
    let with_okta = async |login: &str| {
        browser.goto(&site.address("/sign-in")).await;
        browser.press("Sign in with Okta").await;
        browser.see("Username").await;
        let field = browser.driver.find(By::Css("input[name=login]")).await.unwrap();
        field.send_keys(login).await.unwrap();
        browser.driver.find(By::Css("button")).await.unwrap().click().await.unwrap();
    };
    with_okta("stranger@example.com").await;
    browser.see("Sync admins").await;
    assert!(!browser.offers("Sign out").await, "who is in no allowed group stays outside");
    with_okta("boss@example.com").await;
    browser.see("Sign out").await;
    browser.see("boss@example.com").await;
    assert!(browser.offers("Add connection").await);
}
