//! The table of rules and their tests cannot name what does not exist.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

#[test]
fn every_rule_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let (_, table) = document.split_once("## Rule and test").unwrap();
    let mut rules = Vec::new();
    for row in table.lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, number, _, tests, _] = cells[..] else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        rules.push(number);
        let mut source = None;
        let mut found = 0;
        for name in tests.split('`').skip(1).step_by(2) {
            if Path::new(name).extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(root.join(name));
                source = Some((name, text.unwrap_or_else(|e| panic!("rule {number}: {name}: {e}"))));
                continue;
            }
            let (file, text) = source.as_ref().unwrap_or_else(|| panic!("rule {number}: {name} has no file"));
            assert!(is_test(file, text, name), "rule {number}: there is no test {name} in {file}");
            found += 1;
        }
        assert!(found > 0, "rule {number} has no test");
    }
    assert_eq!(rules, (1..=27).collect::<Vec<_>>());
}

/// True if the text has a function of that name, marked as a test, or a promise that the stores' tests call.
fn is_test(file: &str, text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    });
    let attributes = |at: usize| lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    let is_promise = file.contains("/testing/conformance/");
    at.is_some_and(|at| is_promise || attributes(at).any(|line| line.contains("test")))
}
