//! Every page in both themes and three widths: accessible, within the window, and within its policy.

use crate::site::Site;

/// The pages of a connection, below its address.
const PAGES: [&str; 9] =
    ["", "/setup", "/live", "/plan", "/runs", "/events", "/objects?q=a", "/schema", "/checks"];

#[tokio::test]
async fn every_page_is_accessible_and_fits_in_every_theme_and_width() {
    let site = Site::with_connection(&["--users", "60", "--groups", "6"]);
    site.world.json(&["setup"]);
    site.world.json(&["sync"]);
    let browser = site.signed_in().await;
    let first_object = {
        browser.goto(&site.address("/connections/main/objects?q=a")).await;
        browser.script("return document.querySelector('main a[href*=\"/objects/user/\"]')?.pathname").await
    };
    let first_run = {
        browser.goto(&site.address("/connections/main/runs")).await;
        browser.script("return document.querySelector('main a[href*=\"/runs/\"]')?.pathname").await
    };
    let begun = [
        ("/connections/main/plan", "Make a plan"),
        ("/connections/main/checks", "Check everything"),
        ("/connections/main/schema", "Compare"),
    ];
    for (path, button) in begun {
        browser.goto(&site.address(path)).await;
        if browser.offers(button).await {
            browser.press(button).await;
        }
    }
    let mut pages =
        vec!["/".to_owned(), "/access".to_owned(), "/connections/new".to_owned(), "/nowhere".to_owned()];
    pages.extend(PAGES.map(|page| format!("/connections/main{page}")));
    pages.extend([first_object, first_run].iter().map(|path| path.as_str().unwrap().to_owned()));
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
}

#[tokio::test]
async fn the_sign_in_page_is_accessible_and_fits() {
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
