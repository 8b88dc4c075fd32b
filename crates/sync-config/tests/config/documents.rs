//! Documents and examples name the keys that exist.

use std::collections::BTreeSet;

use sync_config::Config;

use super::*;

#[test]
fn readme_shows_existing_keys_and_defaults() {
    let readme = include_str!("../../../../README.md");
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let [needed, besides, selection] = blocks[..] else { panic!("{} examples", blocks.len()) };
    let (besides, account) = besides.split_once("[connections.main.assets]").unwrap();
    let account = account.split_once('\n').unwrap().1;
    let whole =
        needed.replace("[connections.main.assets]\n", &format!("[connections.main.assets]\n{account}"));
    let text = format!("{whole}\n{besides}")
        .replace("{ env = \"ALERT_WEBHOOK\" }", "\"https://hooks.example.com/x\"")
        .replace("{ env = \"ASSETS_IMPORT_TOKEN\" }", "\"ATCTT3x\"")
        .replace("okta.jwk", "key.jwk")
        .replace("atlassian.token", "key.jwk");
    let (shown, silent) = (read(&text, &[]).unwrap(), read(WHOLE, &[]).unwrap());
    let what = |config: &Config| {
        let main = config.connections.values().next().unwrap();
        format!(
            "{:#?}",
            (
                config.listen,
                config.metrics_listen,
                config.stall_timeout,
                main.event_source,
                main.safeguards,
                &main.schedule
            )
        )
    };
    assert_eq!(what(&shown), what(&silent));
    let main = shown.connections.values().next().unwrap();
    assert!(main.assets.account.is_some() && main.alerts.is_some());
    let chosen = read(&format!("{WHOLE}{selection}"), &[]).unwrap().connections.into_values().next().unwrap();
    assert_ne!(chosen.scope.version(), "", "what it shows chooses something");
}

/// The keys that a JSON Schema allows, with `*` for any name.
fn keys_of(schema: &serde_json::Value, node: &serde_json::Value, prefix: &str, into: &mut BTreeSet<String>) {
    if let Some(path) = node["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap();
        return keys_of(schema, &schema["$defs"][name], prefix, into);
    }
    for part in ["anyOf", "allOf"] {
        for option in node[part].as_array().into_iter().flatten() {
            // A secret's places are no keys of their own.
            if !option["$ref"].as_str().is_some_and(|path| path.ends_with("SecretSource")) {
                keys_of(schema, option, prefix, into);
            }
        }
    }
    let below = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    for (name, property) in node["properties"].as_object().into_iter().flatten() {
        let before = into.len();
        if !property["$ref"].as_str().is_some_and(|path| path.ends_with("SecretSource")) {
            keys_of(schema, property, &below(name), into);
        }
        if into.len() == before {
            into.insert(below(name));
        }
    }
    if prefix == "connections" {
        keys_of(schema, &node["additionalProperties"], "connections.main", into);
    }
}

#[test]
fn example_config_lists_every_key() {
    let uncommented: Vec<String> = sync_config::EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => key.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    let secrets = |text: &str| {
        ["okta.jwk", "import.token", "atlassian.token", "hook.secret", "oidc.secret"]
            .iter()
            .fold(text.to_owned(), |text, file| text.replace(file, "key.jwk"))
            .replace("{ env = \"ALERT_WEBHOOK\" }", "\"https://hooks.example.com/x\"")
            .replace("{ file = \"master.key\" }", &format!("\"{}\"", "A".repeat(43)))
    };
    let everything = secrets(&uncommented.join("\n"));
    let (all, few) = (read(&everything, &[]).unwrap(), read(&secrets(sync_config::EXAMPLE), &[]).unwrap());
    let what = |config: &Config| {
        let main = config.connections.values().next().unwrap();
        let console = config.console.as_ref().unwrap();
        let file = config.store.file_name().unwrap().to_owned();
        format!(
            "{:#?}",
            (
                (
                    file,
                    config.listen,
                    config.metrics_listen,
                    config.stall_timeout,
                    main.event_source,
                    main.safeguards
                ),
                (&main.schedule, &main.mapping, &main.scope, &main.okta.api_scopes, &main.assets.api_url),
                main.alerts.as_ref().map(|alerts| (alerts.format, alerts.repeat_interval)),
                main.assets.rename_attributes,
                (config.behind_proxy, console.listen, console.session_idle_timeout, console.session_max_age),
            )
        )
    };
    assert_eq!(what(&all), what(&few));

    let table: toml::Table = toml::from_str(&everything).unwrap();
    let schema = sync_config::json_schema();
    let mut known = BTreeSet::new();
    keys_of(&schema, &schema, "", &mut known);
    assert!(
        known.len() > 50 && known.contains("connections.main.safeguards.min_retired_count"),
        "{known:#?}"
    );
    // A link to accounts is described and not carried out yet: it is refused.
    known.retain(|key| !key.starts_with("connections.main.mapping.account"));
    let shown = |key: &str| {
        let parts: Vec<&str> = key.split('.').collect();
        let mut value = toml::Value::Table(table.clone());
        parts.iter().all(|part| match value.get(part).cloned() {
            Some(inner) => {
                value = inner;
                true
            }
            None => false,
        })
    };
    let silent: Vec<&String> = known.iter().filter(|key| !shown(key)).collect();
    assert!(silent.is_empty(), "the example does not name {silent:#?}");
}
