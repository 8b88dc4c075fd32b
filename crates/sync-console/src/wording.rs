//! The engine's words for the command line, as they are said to people who have the console before them.

/// What is said on the command line, and here. Longer commands come before those that they begin with.
const WORDS: [(&str, &str); 21] = [
    ("run `okta-insight setup`, which creates it", "press Setup, which creates it"),
    ("run `okta-insight setup`", "press Setup on the Set-up page"),
    ("`okta-insight setup --manual-hook`", "`okta-insight setup --manual-hook` on the server"),
    ("`okta-insight setup`", "Setup"),
    ("`setup`", "Setup"),
    ("run `okta-insight verify`", "press Verify Okta Hook on the Set-up page"),
    ("`okta-insight verify`", "Verify Okta Hook"),
    ("look at it with `okta-insight plan`", "look at it on the Plan page"),
    ("`okta-insight plan`", "the Plan page"),
    ("run `okta-insight sync --accept-shrink`", "accept it there and synchronize"),
    ("`okta-insight sync --accept-shrink`", "accepting it on the Plan page"),
    ("run `okta-insight sync --resend`", "press Send everything again on the Set-up page"),
    ("run `okta-insight sync`", "press Synchronize"),
    ("`okta-insight sync`", "Synchronize"),
    ("`okta-insight status`", "the Live page"),
    ("`okta-insight events`", "the Events page"),
    ("`okta-insight runs`", "the Runs page"),
    ("run `okta-insight doctor`", "look at the Checks page"),
    ("`okta-insight doctor`", "the Checks page"),
    ("run setup again", "press Setup again"),
    ("`okta-insight resume`", "Resume on the Live page"),
];

/// A text with the names of pages and buttons in the place of commands.
pub(crate) fn here(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (command, place)| text.replace(command, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_buttons_and_pages() {
        assert_eq!(
            here(
                "look at it with `okta-insight plan`; if it is meant, run `okta-insight sync --accept-shrink`"
            ),
            "look at it on the Plan page; if it is meant, accept it there and synchronize"
        );
        assert_eq!(here("run `okta-insight setup`, or wait"), "press Setup on the Set-up page, or wait");
    }

    /// Only what has no page stays a command.
    #[test]
    fn no_text_of_the_engine_sends_people_to_a_terminal() {
        let stays = [
            "setup --manual-hook",
            "doctor --fix",
            "prune",
            "export",
            "master-key",
            "tokens",
            "init",
            "sandbox",
        ];
        let mut seen = 0;
        for source in ["sync-engine/src", "sync-service/src"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
            walk(&folder, &mut |line| {
                if line.trim_start().starts_with("//") || !line.contains("`okta-insight ") {
                    return;
                }
                seen += 1;
                let said = here(line);
                for command in said.split("`okta-insight ").skip(1) {
                    assert!(stays.iter().any(|stays| command.starts_with(stays)), "{line}");
                }
            });
        }
        assert!(seen > 20, "{seen}");
    }

    fn walk(folder: &std::path::Path, read: &mut dyn FnMut(&str)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, read);
            } else {
                std::fs::read_to_string(&path).unwrap().lines().for_each(&mut *read);
            }
        }
    }
}
