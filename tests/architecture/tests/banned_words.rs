//! Doc comments and texts of the product use the words of the glossary.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use support::sources;

/// Words and phrases that have a better word. A final `*` stands for any ending.
const BANNED: [&str; 27] = [
    "consent",
    "everybody",
    "given up",
    "gives up",
    "gone",
    "guard",
    "guards",
    "look at",
    "looked at",
    "looking at",
    "looks at",
    "made",
    "mail address*",
    "nobody*",
    "organis*",
    "put back",
    "put off",
    "puts back",
    "shrink*",
    "somebody*",
    "synchronis*",
    "take",
    "takes",
    "tell",
    "tells",
    "told",
    "under way",
];

/// First words of a doc comment that make a clause of a noun.
const CLAUSES: [&str; 8] = ["How", "What", "Where", "Whether", "Which", "Who", "Whose", "Why"];

/// Phrases in which a banned word has another meaning, and the reason.
const ALLOWED: [(&str, &str); 3] = [
    ("takes over", "it names the change of the leader"),
    ("takes up to", "it states a duration"),
    ("take minutes", "it states a duration"),
];

/// A doc comment or a string literal.
struct Text {
    line: usize,
    is_doc: bool,
    content: String,
}

/// The doc comments and string literals of a source file. A doc comment of several lines is one text.
fn texts(source: &str) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    let mut rest = source;
    let line = |rest: &str| source[..source.len() - rest.len()].matches('\n').count() + 1;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            let (comment, after) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
            if let Some(doc) = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!")) {
                let number = line(rest);
                let goes_on = |last: &&mut Text| {
                    last.is_doc && last.line + last.content.matches('\n').count() + 1 == number
                };
                match texts.last_mut().filter(goes_on) {
                    Some(last) => last.content.extend(["\n", doc]),
                    None => texts.push(Text { line: number, is_doc: true, content: doc.to_owned() }),
                }
            }
            rest = after;
        } else if let Some(raw) = rest.strip_prefix("r#\"").map(|raw| (raw, "\"#")) {
            rest = literal(raw.0, raw.1, line(rest), &mut texts);
        } else if let Some(raw) = rest.strip_prefix("r\"") {
            rest = literal(raw, "\"", line(rest), &mut texts);
        } else if let Some(string) = rest.strip_prefix('"') {
            let end = closing_quote(string);
            texts.push(Text { line: line(rest), is_doc: false, content: string[..end].to_owned() });
            rest = string.get(end + 1..).unwrap_or_default();
        } else if let Some(end) = rest.starts_with('\'').then(|| char_end(rest)).flatten() {
            rest = &rest[end..];
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            // The prefix of a literal.
            rest = &rest[if matches!(&rest[..end], "r" | "b" | "br" | "c") { 1 } else { end }..];
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    texts
}

/// Adds a raw string and returns the text after it.
fn literal<'s>(raw: &'s str, end: &str, line: usize, texts: &mut Vec<Text>) -> &'s str {
    let (text, after) = raw.split_once(end).unwrap_or((raw, ""));
    texts.push(Text { line, is_doc: false, content: text.to_owned() });
    after
}

/// The position of the quote that ends a string.
fn closing_quote(string: &str) -> usize {
    let mut escaped = false;
    for (at, c) in string.char_indices() {
        match c {
            '"' if !escaped => return at,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    string.len()
}

/// The end of a character literal; `None` for a lifetime.
fn char_end(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (at, _) = rest.char_indices().skip(3).find(|(_, c)| *c == '\'')?;
        return Some(at + 1);
    }
    chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

/// The words of a text in lowercase, without code, link targets, and placeholders. A name has none.
fn words(text: &Text) -> Vec<String> {
    if !text.is_doc && !text.content.contains(' ') {
        return Vec::new();
    }
    let mut prose = String::new();
    for (n, part) in text.content.split('`').enumerate() {
        prose.push_str(if n % 2 == 0 { part } else { " \u{fffc} " });
    }
    let mut words = vec![String::new()];
    let mut depth = 0_u32;
    let mut last = ' ';
    for c in prose.chars() {
        match c {
            '{' => depth += 1,
            '(' if last == ']' => depth += 1,
            '}' | ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || "_'\u{fffc}".contains(c) => {
                if let Some(word) = words.last_mut() {
                    word.extend(c.to_lowercase());
                }
            }
            // Phrases end with punctuation.
            ' ' | '\n' => words.push(String::new()),
            _ => words.extend([".".to_owned(), String::new()]),
        }
        last = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The banned words of a text.
fn banned(text: &Text) -> Vec<&'static str> {
    let mut words = words(text).join(" ");
    for (phrase, _) in ALLOWED {
        words = words.replace(phrase, ".");
    }
    let words: Vec<&str> = words.split(' ').collect();
    let is = |word: &str, banned: &str| match banned.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == banned,
    };
    let has = |phrase: &str| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        words.windows(parts.len()).any(|window| window.iter().zip(&parts).all(|(word, part)| is(word, part)))
    };
    BANNED.into_iter().filter(|phrase| has(phrase)).collect()
}

#[test]
fn texts_have_no_banned_word() {
    let mut found = Vec::new();
    for source in sources() {
        for text in texts(&source.text) {
            for word in banned(&text) {
                found.push(format!("{}:{}: {word}: {}", source.path, text.line, text.content));
            }
        }
    }
    assert!(found.is_empty(), "{} texts:\n{}", found.len(), found.join("\n"));
}

#[test]
fn doc_comments_begin_without_clause() {
    let mut found = Vec::new();
    for source in sources() {
        for text in texts(&source.text).into_iter().filter(|text| text.is_doc) {
            let first = text.content.split_whitespace().next().unwrap_or_default();
            if CLAUSES.contains(&first.trim_end_matches(['.', ',', ':', ';'])) {
                found.push(format!("{}:{}:{}", source.path, text.line, text.content));
            }
        }
    }
    assert!(found.is_empty(), "{} doc comments:\n{}", found.len(), found.join("\n"));
}

#[test]
fn lexer_finds_docs_and_strings() {
    let source = "/// A doc\n/// of two lines.\nfn a<'a>(x: &'a str) -> char { '\"' } // told\n\
                  const B: &str = \"look \\\" at {told} `gone` this\"; const C: &[u8] = br\"somebody's x\";\n\
                  //! [Told](gone) by mail addresses";
    let found: Vec<(bool, Vec<&str>)> =
        texts(source).iter().map(|text| (text.is_doc, banned(text))).collect();
    assert_eq!(
        found,
        [(true, vec![]), (false, vec![]), (false, vec!["somebody*"]), (true, vec!["mail address*", "told"])]
    );
}
