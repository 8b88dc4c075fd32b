//! What administrators do to both sides behind the connection's back.

use serde_json::{Value, json};

use crate::row::{Act, Row, Switch, row_tests};
use crate::test_env::TestEnv;

/// The routes of the control API that have a row here, in `safeguards` or in `edits`, or break nothing.
pub(crate) const OKTA: &[&str] = &[
    // Reads.
    "/users",
    "/groups",
    "/schemas",
    "/counts",
    "/hooks",
    // What people do in Okta every day; too much of it is in `safeguards`.
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
    // In `edits`.
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
pub(crate) const INSIGHT: &[&str] = &[
    "/objects",
    "/executions",
    "/document",
    "/objects/{id}",
    "/attributes",
    "/object-types",
    "/token",
    "/settings",
];

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
        says: [what, "ress Setup on the Setup page"],
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

const ROLE_LACKS: [&str; 2] =
    ["none of its admin roles permits the request", "Add a role that can view profile schemas"];
const REMOVES_MISSING: [&str; 2] = ["removes missing objects", "et missing objects to"];

/// A switch of the import source that is on or off.
fn flag(name: &'static str, flag: &str, act: Act, page: &'static str, says: [&'static str; 2]) -> Row {
    setting(name, json!({ flag: true }), json!({ flag: false }), act, page, says)
}

fn not_granted(scope: &'static str, says: &'static str, act: Act) -> Row {
    self::scope(scope, act, "", [says, "Okta API Scopes"])
}

fn changed(attribute: &str, key: &str, value: &Value) -> Value {
    json!({ "type": "Okta User", "name": attribute, key: value })
}

row_tests! {
    missing_users_scope_is_reported:
        not_granted("okta.users.read", "the API scope okta.users.read is not granted", SYNC);
    missing_groups_scope_is_reported:
        not_granted("okta.groups.read", "the API scope okta.groups.read is not granted", SYNC);
    missing_schemas_scope_is_reported:
        not_granted("okta.schemas.read", "the API scope okta.schemas.read is not granted", Act::Wait);
    missing_logs_scope_is_reported:
        not_granted("okta.logs.read", "the API scope okta.logs.read is not granted", Act::Wait);
    missing_hook_scopes_are_reported: Row {
        name: "eventHooks",
        on: EVENT_HOOKS.map(|scope| Switch::Scope(scope, "off")).into(),
        act: CHECKS,
        page: "/checks",
        says: ["Required for checking the event hook", "Grant okta.eventHooks.read"],
        off: EVENT_HOOKS.map(|scope| Switch::Scope(scope, "on")).into(),
        heal: CHECKS,
    };
    missing_admin_role_is_reported: org(
        "role",
        "/okta/role/off",
        "/okta/role/on",
        SYNC,
        "",
        ["none of its admin roles permits the request", "Read-only Administrator"],
    );
    role_without_schemas_is_reported:
        org("role without schemas", "/okta/role/no-schemas", "/okta/role/on", CHECKS, "/checks", ROLE_LACKS);
    clock_difference_is_reported: org(
        "clock",
        "/okta/clock/3600",
        "/okta/clock/0",
        CHECKS,
        "/checks",
        ["behind the clock of Okta", "Set the clock of the daemon's host"],
    );
    low_rate_limit_is_reported: org(
        "rate limit",
        "/okta/rate-limit/90",
        "/okta/rate-limit/off",
        CHECKS,
        "/checks",
        ["90 requests per minute", "Raise the share of the app"],
    );
    inactive_hook_is_reported:
        hook("hook inactive", "POST", "/deactivate", Value::Null, "he event hook is inactive");
    unverified_hook_is_reported:
        hook("hook unverified", "POST", "/unverify", Value::Null, "he event hook isn't verified");
    missing_hook_events_are_reported: hook(
        "hook with other events",
        "PUT",
        "/events",
        json!(["user.lifecycle.create"]),
        "he event hook doesn't subscribe to",
    );
    deleted_hook_is_reported:
        hook("hook deleted", "DELETE", "", Value::Null, "he org has no event hook with this URL");
    disabled_import_source_is_reported: flag(
        "disabled",
        "disabled",
        Act::Event,
        "",
        ["the import source is disabled", "Enable"],
    );
    events_report_missing_object_removal:
        flag("removes missing, by events", "removeMissingObjects", Act::Event, "", REMOVES_MISSING);
    checks_report_missing_object_removal:
        flag("removes missing", "removeMissingObjects", CHECKS, "/checks", REMOVES_MISSING);
    ignored_empty_values_are_reported: flag(
        "ignores empty",
        "ignoreEmptyValues",
        CHECKS,
        "/checks",
        ["values that Okta cleared remain in Assets", "set empty values to Remove"],
    );
    full_site_is_reported: Row {
        heal: SYNC,
        ..setting(
            "site is full",
            json!({"objectLimit": 1}),
            json!({"objectLimit": null}),
            Act::Create,
            "",
            ["The site holds as many objects as it may", "Find the records on the Runs page"],
        )
    };
    lowered_cardinality_is_reported: attribute(
        "cardinality",
        changed("user/groups", "maximumCardinality", &json!(1)),
        changed("user/groups", "maximumCardinality", &json!(-1)),
        ["The maximum cardinality is 1", "set Cardinality to Unlimited"],
    );
    renamed_attribute_is_reported: attribute(
        "renamed",
        changed("City", "newName", &json!("Town")),
        changed("Town", "newName", &json!("City")),
        ["The expected name is “City”", "rename it to “City” in Assets"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_token_is_reported_and_saved() {
    let world = TestEnv::start().await;
    let token = world.call("POST", "/insight/token", &Value::Null).await;
    world.press("synchronize").await;
    world.page_with("", &["Assets rejected the import token", "Generate token"], false).await;
    let (status, told) = world.put(&world.settings(&Value::Null)).await;
    assert!(status == 422 && told.contains("import_token") && told.contains("renew_import_token"), "{told}");
    let mut draft = world.settings(&Value::Null);
    draft["secrets"]["import_token"] = token["token"].clone();
    let (status, told) = world.put(&draft).await;
    assert_eq!(status, 200, "{told}");
    // Whoever saved comes to this page, which looks again whether the steps before hold.
    world.page_with("/setup", &["View plan"], false).await;
    world.press("synchronize").await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_account_is_reported_by_field() {
    let world = TestEnv::before_save().await;
    let mut draft = world.settings_with_account();
    draft["settings"]["assets"]["email"] = json!("somebody@example.com");
    draft["secrets"]["api_token"] = json!("ATATT3xexpired");
    let (status, told) = world.put(&draft).await;
    assert!(status == 422 && told.contains("\"api_token\""), "{told}");
    assert!(told.contains("check_atlassian_credentials") && !told.contains("ATATT3xexpired"), "{told}");
    world.end().await;
}
