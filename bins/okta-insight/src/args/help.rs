//! The help of the whole program: its commands in groups.

use std::fmt::Write;

use clap::Command;

/// The commands, in the order of the help.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Setup", &["init", "keygen", "setup", "verify", "selftest", "doctor", "schema"]),
    ("Sync", &["plan", "sync", "pause", "resume", "prune"]),
    ("Monitoring", &["status", "runs", "events", "audit"]),
    ("Administration", &["config", "tokens", "master-key", "backup", "export", "support-bundle"]),
    ("Sandbox", &["demo", "sandbox"]),
    ("Shell", &["completions", "man", "help"]),
];

/// The description of `help`, which the parser adds.
const HELP: &str = "Show the help of a command";

/// Lists the commands in groups.
pub(super) fn grouped(command: Command) -> Command {
    let header = *command.get_styles().get_header();
    let literal = *command.get_styles().get_literal();
    let width = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| name.len()).max().unwrap_or_default();
    let mut template = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (title, names) in GROUPS {
        // Writing to a string does not fail.
        let _ = write!(template, "\n{header}{title}:{header:#}\n");
        for name in names {
            let about = match command.find_subcommand(name).and_then(Command::get_about) {
                Some(about) => about.to_string(),
                None => HELP.to_owned(),
            };
            let _ = writeln!(template, "  {literal}{name:<width$}{literal:#}  {about}");
        }
    }
    let _ = write!(template, "\n{header}Options:{header:#}\n{{options}}");
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;

    #[test]
    fn every_command_is_in_one_group() {
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let command = Arguments::command();
        let known: BTreeSet<&str> =
            command.get_subcommands().map(Command::get_name).chain(["help"]).collect();
        assert_eq!(listed.len(), known.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn help_begins_with_the_product() {
        let help = grouped(Arguments::command()).render_help().to_string();
        assert!(help.starts_with("Sync Okta users and groups to Jira Service Management Assets\n"), "{help}");
        assert!(help.contains("\nMonitoring:\n  status "), "{help}");
    }
}
