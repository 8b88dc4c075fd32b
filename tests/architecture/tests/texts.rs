//! Texts belong to the catalogs of the surfaces, and no code reads a rendered text.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// Crates without a surface of their own, and the parts of them that may name commands.
const WITHOUT_COMMANDS: [(&str, &[&str]); 7] = [
    ("crates/sync-model/src", &[]),
    ("crates/sync-engine/src", &[]),
    // The dialogue that writes a configuration file for the command line.
    ("crates/sync-config/src", &["crates/sync-config/src/init/"]),
    ("crates/connectors/src", &[]),
    ("crates/diagnostics/src", &["crates/diagnostics/src/words.rs"]),
    ("crates/admin-api/src", &[]),
    ("crates/sync-daemon/src", &[]),
];

/// Labels of buttons and pages in the console.
const CONSOLE: [&str; 6] = [
    "press Setup",
    "press Synchronize",
    "Verify Okta Hook",
    "Resend all objects",
    "on the Setup page",
    "on the Plan page",
];

/// Crates that render texts.
const RENDERING: [&str; 8] = [
    "crates/plain-text/src",
    "crates/diagnostics/src",
    "crates/admin-api/src",
    "crates/sync-daemon/src",
    "crates/sync-console/src",
    "bins/okta-insight/src",
    "bins/okta-insightd/src",
    "crates/sync-config/src",
];

/// Methods that search or take apart a text.
const READS: [&str; 10] = [
    ".contains(",
    ".starts_with(",
    ".ends_with(",
    ".split(",
    ".split_once(",
    ".strip_prefix(",
    ".strip_suffix(",
    ".find(",
    ".replace(",
    ".replacen(",
];

/// Calls and fields whose value is a rendered text.
const RENDERED: [&str; 19] = [
    "plain_text::finding(",
    "plain_text::remedy(",
    "plain_text::hook_change(",
    "diagnostics::observation(",
    "diagnostics::check_details(",
    "diagnostics::changes(",
    "words::finding(",
    "words::remedy(",
    "words::observation(",
    "words::check_details(",
    "words::check_remedy(",
    "words::hook_change(",
    "words::changes(",
    "findings::finding(",
    "remedies::remedy(",
    "checks::observation(",
    "error_chain(",
    ".details",
    ".message",
];

#[test]
fn commands_and_buttons_are_in_catalogs() {
    let mut found = Vec::new();
    for (folder, exempt) in WITHOUT_COMMANDS {
        each_source(folder, &mut |path, code| {
            if exempt.iter().any(|exempt| path.starts_with(exempt)) {
                return;
            }
            for (number, line) in code.lines().enumerate() {
                if names_command(line) || CONSOLE.iter().any(|label| line.contains(label)) {
                    found.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        });
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn rendered_texts_are_not_read() {
    let mut found = Vec::new();
    for folder in RENDERING {
        each_source(folder, &mut |path, code| {
            found.extend(reads(code).map(|statement| format!("{path}: {statement}")));
        });
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn seeded_lines_are_found() {
    assert!(names_command("remedy: \"run `okta-insight setup`\".to_owned(),"));
    assert!(!names_command("const NAME: &str = \"okta-insight-sync\";"));
    for seeded in [
        "if words::remedy(&remedy).contains(\"run setup\") {}",
        "let place = words::finding(\n    finding,\n)\n.split_once(\": \");",
        "let text = remedies::remedy(remedy).text.into_string().replace(\"a\", \"b\");",
        "check.details.starts_with(\"missing\")",
    ] {
        assert_eq!(reads(seeded).count(), 1, "{seeded}");
    }
    assert_eq!(reads("lines.push(words::finding(finding)); names.contains(&name)").count(), 0);
    assert_eq!(
        code_of("a(\"// no\"); // okta-insight setup\n/// b\nc\n#[cfg(test)]\nmod tests {}"),
        "a(\"// no\"); \n\nc\n"
    );
}

/// True if the line has a command of the product, such as `okta-insight setup`.
fn names_command(line: &str) -> bool {
    line.split("okta-insight ")
        .skip(1)
        .any(|rest| rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
}

/// Rendered texts that the same expression searches or takes apart.
fn reads(code: &str) -> impl Iterator<Item = String> {
    let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".");
    let mut found = Vec::new();
    for rendered in RENDERED {
        for (at, _) in code.match_indices(rendered) {
            let mut rest = &code[at + rendered.len()..];
            if rendered.ends_with('(') {
                rest = after_arguments(rest);
            } else if rest.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '(') {
                // The name of another field, or a method.
                continue;
            }
            for step in [".text", ".as_str()", ".into_string()", ".to_string()", ".to_lowercase()", ".trim()"]
            {
                rest = rest.strip_prefix(step).unwrap_or(rest);
            }
            if READS.iter().any(|read| rest.starts_with(read)) {
                found.push(code[at..].chars().take(100).collect());
            }
        }
    }
    found.into_iter()
}

/// The text after the parenthesis that closes the arguments of a call.
fn after_arguments(text: &str) -> &str {
    let mut open = 1_u32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

/// Calls `read` with the path and the code of each source file, without comments and unit tests.
fn each_source(folder: &str, read: &mut dyn FnMut(&str, &str)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join(folder)];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !["tests", "fuzz", "snapshots"].contains(&name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|end| end == "rs")
                && !["tests.rs", "fuzz.rs"].contains(&name)
            {
                files += 1;
                let text = fs::read_to_string(&path).unwrap();
                read(path.strip_prefix(&root).unwrap().to_str().unwrap(), &code_of(&text));
            }
        }
    }
    assert!(files > 0, "{folder} has no source files");
}

/// The code of a file, without comments and without the unit tests at its end. Line numbers stay.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.split_inclusive('\n').map(without_comment).collect()
}

fn without_comment(line: &str) -> String {
    // Slashes in a string, as in a URL, have an odd number of quotes before them.
    let comment = line.match_indices("//").find(|(at, _)| line[..*at].matches('"').count().is_multiple_of(2));
    match comment {
        Some((at, _)) => format!("{}\n", &line[..at]),
        None => line.to_owned(),
    }
}
