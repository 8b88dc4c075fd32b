//! The output of `okta-insight setup --manual-event-hook`. No other command shows the event hook's secret.

use connectors::ManualEventHook;
use serde_json::{Value, json};

use crate::words::commands::VERIFY;

pub(super) fn document(hook: &ManualEventHook) -> Value {
    let mut document = json!(hook);
    document["mark"] = json!({ "header": hook.mark.0, "value": hook.mark.1 });
    document["curl"] = hook.curl().into();
    document["terraform"] = hook.terraform().into();
    document
}

pub(super) fn print(hook: &ManualEventHook) {
    let shown = document(hook);
    println!(
        "\nCreate this event hook as an administrator of the org. Only this command shows the secret.\n"
    );
    for (name, value) in [
        ("Name", hook.name.as_str()),
        ("URL", &hook.url),
        ("Header", &hook.header),
        ("Secret", shown["secret"].as_str().unwrap_or_default()),
    ] {
        println!("  {name:<14} {value}");
    }
    println!("  {:<14} {}: {}", "Custom header", hook.mark.0, hook.mark.1);
    println!("  Event types");
    hook.events.iter().for_each(|event| println!("    {event}"));
    println!("\nWith curl and an administrator's API token in OKTA_API_TOKEN:\n\n{}", hook.curl());
    println!("With Terraform (provider okta/okta):\n\n{}", hook.terraform());
    println!(
        "Then run `{VERIFY}`, which requires the API scope okta.eventHooks.read but not okta.eventHooks.manage."
    );
}
