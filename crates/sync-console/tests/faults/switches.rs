//! What administrators do to both sides behind the connection's back.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::row::{Act, Row, Switch};
use crate::world::World;

/// The routes of the control API that have a row here, in `guards` or in `behind`, or break nothing.
pub(crate) const OKTA: &[&str] = &[
    // Reads.
    "/users",
    "/groups",
    "/schemas",
    "/counts",
    "/hooks",
    // What people do in Okta every day; too much of it is in `guards`.
    "/users/{id}",
    "/users/{id}/lifecycle/{step}",
    "/users/{id}/type",
    "/users/{id}/sign-in",
    "/groups/{id}",
    "/groups/{id}/users/{user}",
    "/import",
    // Here.
    "/hooks/{id}",
    "/hooks/{id}/events",
    "/hooks/{id}/{state}",
    "/clock/{seconds}",
    "/role/{state}",
    "/scopes/{scope}/{state}",
    "/rate-limit/{limit}",
    // In `behind`.
    "/schemas/{kind}/{name}",
    "/log",
    "/log/cursors",
    "/tokens",
    // They mend, or concern signing in to the console.
    "/hooks/{id}/verify",
    "/keys",
    "/web-apps",
    "/web-apps/key",
];
pub(crate) const INSIGHT: &[&str] =
    &["/objects", "/executions", "/document", "/objects/{id}", "/attributes", "/token", "/settings"];

fn scope(name: &'static str, act: Act, page: &'static str, says: [&'static str; 2]) -> Row {
    Row::control(name, Switch::Scope(name, "off"), Switch::Scope(name, "on"), act, page, says)
}

fn org(
    name: &'static str,
    on: &'static str,
    off: &'static str,
    act: Act,
    page: &'static str,
    says: [&'static str; 2],
) -> Row {
    let call = |path| Switch::Control("POST", path, Value::Null);
    Row::control(name, call(on), call(off), act, page, says)
}

fn setting(
    name: &'static str,
    on: Value,
    off: Value,
    act: Act,
    page: &'static str,
    says: [&'static str; 2],
) -> Row {
    let call = |body| Switch::Control("PUT", "/insight/settings", body);
    Row::control(name, call(on), call(off), act, page, says)
}

fn hook(name: &'static str, method: &'static str, end: &'static str, body: Value, what: &'static str) -> Row {
    Row {
        name,
        on: vec![Switch::Hook(method, end, body)],
        act: Act::Wait,
        page: "",
        says: [what, "ress Setup on the Set-up page"],
        off: Vec::new(),
        heal: Act::Press("setup"),
    }
}

fn attribute(name: &'static str, on: Value, off: Value, says: [&'static str; 2]) -> Row {
    let call = |body| Switch::Control("PUT", "/insight/attributes", body);
    Row::control(name, call(on), call(off), Act::Press("verify"), "/setup", says)
}

const SYNC: Act = Act::Press("synchronize");
const EVENT_HOOKS: [&str; 2] = ["okta.eventHooks.read", "okta.eventHooks.manage"];
const CHECKS: Act = Act::Press("checks");

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Vec<Row>> {
    let user = |attribute: &str| json!({ "type": "Okta User", "name": attribute });
    let changed = |attribute: &str, key: &str, value: Value| {
        let mut body = user(attribute);
        body[key] = value;
        body
    };
    vec![
        vec![
            scope(
                "okta.users.read",
                SYNC,
                "",
                ["the scope okta.users.read is not granted", "Okta API Scopes"],
            ),
            scope(
                "okta.groups.read",
                SYNC,
                "",
                ["the scope okta.groups.read is not granted", "Okta API Scopes"],
            ),
        ],
        vec![
            scope(
                "okta.schemas.read",
                Act::Wait,
                "",
                ["the scope okta.schemas.read is not granted", "Okta API Scopes"],
            ),
            scope(
                "okta.logs.read",
                Act::Wait,
                "",
                ["the scope okta.logs.read is not granted", "Okta API Scopes"],
            ),
            Row {
                name: "eventHooks",
                on: EVENT_HOOKS.map(|scope| Switch::Scope(scope, "off")).into(),
                act: CHECKS,
                page: "/checks",
                says: ["it lacks looking after the event hook", "Grant okta.eventHooks.read"],
                off: EVENT_HOOKS.map(|scope| Switch::Scope(scope, "on")).into(),
                heal: CHECKS,
            },
        ],
        vec![
            org(
                "role",
                "/okta/role/off",
                "/okta/role/on",
                SYNC,
                "",
                ["it has no admin role that covers it", "ssign an admin role to the app"],
            ),
            org(
                "role without schemas",
                "/okta/role/no-schemas",
                "/okta/role/on",
                CHECKS,
                "/checks",
                ["the app's admin role does not cover it", "Admin roles, Edit assignments"],
            ),
            org(
                "clock",
                "/okta/clock/3600",
                "/okta/clock/0",
                CHECKS,
                "/checks",
                ["s behind the org's", "et this machine's clock"],
            ),
            org(
                "rate limit",
                "/okta/rate-limit/90",
                "/okta/rate-limit/off",
                CHECKS,
                "/checks",
                ["90 requests a minute", "raise the app's share"],
            ),
        ],
        vec![
            hook("hook inactive", "POST", "/deactivate", Value::Null, "the event hook is inactive"),
            hook("hook unverified", "POST", "/unverify", Value::Null, "the event hook is not verified"),
            hook(
                "hook with other events",
                "PUT",
                "/events",
                json!(["user.lifecycle.create"]),
                "the event hook is not as it should be",
            ),
            hook("hook deleted", "DELETE", "", Value::Null, "there is no event hook in Okta"),
        ],
        vec![
            setting(
                "disabled",
                json!({"disabled": true}),
                json!({"disabled": false}),
                Act::Event,
                "",
                ["the import source is disabled", "nable the import source"],
            ),
            setting(
                "removes missing, and an import goes through",
                json!({"removeMissingObjects": true}),
                json!({"removeMissingObjects": false}),
                Act::Event,
                "",
                ["the import source removes missing objects", "et missing objects to Ignore"],
            ),
            setting(
                "removes missing",
                json!({"removeMissingObjects": true}),
                json!({"removeMissingObjects": false}),
                CHECKS,
                "/checks",
                ["an import of some objects removes all others", "et missing objects to Ignore"],
            ),
            setting(
                "ignores empty",
                json!({"ignoreEmptyValues": true}),
                json!({"ignoreEmptyValues": false}),
                CHECKS,
                "/checks",
                ["a value that is cleared in Okta stays in Assets", "set Empty values to Remove"],
            ),
        ],
        vec![Row {
            heal: SYNC,
            ..setting(
                "site is full",
                json!({"objectLimit": 1}),
                json!({"objectLimit": null}),
                Act::Create,
                "",
                ["The site holds as many objects as it may", "ee them on the Runs page"],
            )
        }],
        vec![
            attribute(
                "cardinality",
                changed("user/groups", "maximumCardinality", json!(1)),
                changed("user/groups", "maximumCardinality", json!(-1)),
                ["takes at most 1", "set Cardinality to Unlimited"],
            ),
            attribute(
                "renamed",
                changed("City", "newName", json!("Town")),
                changed("Town", "newName", json!("City")),
                ["would be called \"City\"", "rename it in Assets if you like"],
            ),
        ],
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_replaced_is_told_and_the_new_one_is_saved() {
    let world = World::start().await;
    let token = world.call("POST", "/insight/token", &Value::Null).await;
    world.press("synchronize").await;
    world
        .page_with("", &["Assets refused the import token", "enerate a new token: object schema"], false)
        .await;
    let (status, told) = world.put(&world.settings(&Value::Null)).await;
    assert!(
        status == 422 && told.contains("import_token") && told.contains("generate a new token"),
        "{told}"
    );
    let mut draft = world.settings(&Value::Null);
    draft["secrets"]["import_token"] = token["token"].clone();
    let (status, told) = world.put(&draft).await;
    assert_eq!(status, 200, "{told}");
    // Whoever saved comes to this page, which looks again whether the steps before hold.
    world.page_with("/setup", &["Look at the plan first"], false).await;
    world.press("synchronize").await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_refused_is_told_beside_its_field() {
    let world = World::before_save().await;
    let mut draft = world.settings_with_account();
    draft["settings"]["assets"]["email"] = json!("somebody@example.com");
    draft["secrets"]["api_token"] = json!("ATATT3xexpired");
    let (status, told) = world.put(&draft).await;
    assert!(status == 422 && told.contains("\"api_token\""), "{told}");
    assert!(told.contains("id.atlassian.com") && !told.contains("ATATT3xexpired"), "{told}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_administrators_do_is_told_and_so_is_its_end() {
    let only = std::env::var("ROW").unwrap_or_default();
    join_all(rows().into_iter().map(|rows| {
        let rows: Vec<Row> = rows.into_iter().filter(|row| row.name.contains(&only)).collect();
        tokio::spawn(async {
            if rows.is_empty() {
                return;
            }
            let world = World::start().await;
            for row in rows {
                row.run(&world).await;
            }
            world.end().await;
        })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
}
