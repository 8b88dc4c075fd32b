//! Every page in both themes and three widths: accessible, within the window, and within its policy.

use serde_json::json;

use crate::site::Site;

/// The pages of a connection, below its address.
const PAGES: [&str; 9] =
    ["", "/setup", "/activity", "/plan", "/runs", "/events", "/objects?q=a", "/schema", "/checks"];

#[tokio::test]
async fn pages_are_accessible_in_every_layout() {
    let site = Site::with_connection(&["--users", "60", "--groups", "6"]);
    // Long words must not make a page wide.
    let word = "wideword".repeat(10);
    site.world.control().call("POST", "/okta/groups", &json!({ "name": word })).await.unwrap();
    site.world.json(&["setup"]);
    site.world.json(&["sync"]);
    let browser = site.signed_in().await;
    browser.goto(&site.address("/access")).await;
    browser.fill("Name", &"token".repeat(20)).await;
    browser.press("Create token").await;
    browser.see("It is shown only once").await;
    site.save_another("other").await;
    let first = async |page: &str, seen: &str, part: &str| {
        browser.goto(&site.address(&format!("/connections/main{page}"))).await;
        browser.see(seen).await;
        let link = format!("return document.querySelector('main a[href*=\"{part}\"]')?.pathname");
        browser.script(&link).await.as_str().unwrap_or_else(|| panic!("{page} has no {part}")).to_owned()
    };
    let found = [
        first("/objects?q=a", "00u", "/objects/user/").await,
        first("/objects?q=wideword", "00g", "/objects/group/").await,
        first("/runs", "Run 1", "/runs/").await,
        first("/events", "event_hook.created", "/events/").await,
    ];
    // What takes a while to find out is found out before it is looked at.
    for (page, button, result) in
        [("plan", "Create plan", "Refresh plan"), ("checks", "Run checks", "Run checks again")]
    {
        browser.goto(&site.address(&format!("/connections/main/{page}"))).await;
        browser.press(button).await;
        browser.see(result).await;
    }
    let mut pages = vec!["/", "/access", "/connections/new", "/nowhere", "/connections/main/schema/choices"];
    pages.push("/connections/main/runs/999");
    pages.extend(["/connections/other", "/connections/other/setup", "/connections/other/edit"]);
    let mut pages: Vec<String> = pages.into_iter().map(str::to_owned).collect();
    pages.extend(PAGES.map(|page| format!("/connections/main{page}")));
    pages.extend(found);
    for theme in ["light", "dark"] {
        browser.prefer(theme).await;
        for width in [360, 900, 1600] {
            browser.width(width).await;
            for page in &pages {
                let place = format!("{page}, {theme}, {width} px");
                browser.goto(&site.address(page)).await;
                browser.assert_fits(&place).await;
                browser.assert_clean(&place).await;
                browser.assert_accessible(&place).await;
                browser.picture(&format!("{}-{theme}-{width}", name(page))).await;
            }
        }
    }
    // A refusal that a person meets is a page as well.
    browser.goto(&site.address("/connections/main")).await;
    let forged = "const form = document.querySelector('main form'); form.querySelector('[name=csrf]').value = 'forged'; form.submit()";
    browser.script(forged).await;
    browser.see("The form expired").await;
    browser.assert_clean("a refusal").await;
    browser.assert_accessible("a refusal").await;
    browser.picture("refusal").await;
}

#[tokio::test]
async fn sign_in_page_is_accessible() {
    let site = Site::empty(&["--users", "1", "--groups", "1"]);
    let browser = crate::browser::Browser::open().await;
    for theme in ["light", "dark"] {
        browser.prefer(theme).await;
        for width in [360, 900, 1600] {
            browser.width(width).await;
            browser.goto(&site.address("/")).await;
            let place = format!("sign-in, {theme}, {width} px");
            browser.assert_fits(&place).await;
            browser.assert_clean(&place).await;
            browser.assert_accessible(&place).await;
            browser.picture(&format!("sign-in-{theme}-{width}")).await;
        }
    }
}

/// A page's name in pictures.
fn name(page: &str) -> String {
    let name: String = page.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_owned();
    if name.is_empty() { "connections".to_owned() } else { name }
}
