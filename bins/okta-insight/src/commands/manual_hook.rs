//! What `okta-insight setup --manual-hook` shows: the one place where the secret of the hook is shown, on standard
//! output, because the operator asks for it.

use serde_json::{Value, json};
use sync_service::ManualEventHook;

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
        "\nThe event hook, for an administrator of the org. The secret is shown here and nowhere else.\n"
    );
    for (name, value) in [
        ("Name", hook.name.as_str()),
        ("URL", &hook.url),
        ("Header", &hook.header),
        ("Secret", shown["secret"].as_str().unwrap_or_default()),
    ] {
        println!("  {name:<14} {value}");
    }
    println!("  {:<14} {}: {}", "Further header", hook.mark.0, hook.mark.1);
    println!("  Events");
    hook.events.iter().for_each(|event| println!("    {event}"));
    println!("\nWith curl, and an API token of an administrator in OKTA_API_TOKEN:\n\n{}", hook.curl());
    println!("Or with Terraform (provider okta/okta):\n\n{}", hook.terraform());
    println!(
        "Then see that all is well: okta-insight verify. It takes okta.eventHooks.read, and no manage scope."
    );
}
