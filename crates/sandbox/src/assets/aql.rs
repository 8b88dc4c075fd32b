//! The part of AQL that finds referenced objects: comparisons with placeholders, combined.

use serde_json::Value;

/// A condition with placeholders.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Is { attribute: String, comparison: Comparison, operands: Vec<Operand> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Like,
    In,
    NotIn,
}

/// A value, or its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Literal(String),
    /// `${field}`: one value; several become one text, separated by commas.
    Field(String),
    /// `${field${0}}`: each value separately.
    EachOf(String),
}

/// The placeholders that yield the values of a list separately. Atlassian's documents don't settle it for imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placeholders {
    /// `${field${0}}` does; otherwise, it yields nothing.
    pub(super) each: bool,
    /// `${field}` does; otherwise, it yields one text.
    pub(super) lists: bool,
}

impl Default for Placeholders {
    fn default() -> Self {
        Self { each: true, lists: false }
    }
}

impl Operand {
    /// The values for a record.
    pub(super) fn values(&self, record: &Value, placeholders: Placeholders) -> Vec<String> {
        match self {
            Self::Literal(text) => vec![text.clone()],
            Self::Field(field) => {
                let values = texts(&record[field.as_str()]);
                if values.is_empty() || placeholders.lists { values } else { vec![values.join(",")] }
            }
            Self::EachOf(field) if placeholders.each => texts(&record[field.as_str()]),
            Self::EachOf(_) => Vec::new(),
        }
    }
}

/// The non-empty values of a field.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Placeholder(Operand),
    Sign(&'static str),
}

impl Condition {
    /// Reads a condition; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let condition = any(&mut rest)?;
        rest.is_empty().then_some(condition)
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    const SIGNS: [&str; 6] = ["!=", "==", "=", "(", ")", ","];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else if rest.starts_with('"') {
            let (text, length) = quoted(rest)?;
            tokens.push(Token::Text(text));
            length
        } else if let Some(inner) = rest.strip_prefix("${") {
            let end = inner.find(['$', '}'])?;
            let field = inner[..end].to_owned();
            if inner[end..].starts_with("${0}}") {
                tokens.push(Token::Placeholder(Operand::EachOf(field)));
                2 + end + 5
            } else if inner[end..].starts_with('}') {
                tokens.push(Token::Placeholder(Operand::Field(field)));
                2 + end + 1
            } else {
                return None;
            }
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "=!(),\"".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// A text in quotes, and how long it is with them.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut found = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((found, at + 1)),
            '\\' => found.push(characters.next()?.1),
            other => found.push(other),
        }
    }
    None
}

fn any(rest: &mut &[Token]) -> Option<Condition> {
    let mut parts = vec![all(rest)?];
    while eat(rest, "OR") {
        parts.push(all(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(rest: &mut &[Token]) -> Option<Condition> {
    let mut parts = vec![part(rest)?];
    while eat(rest, "AND") {
        parts.push(part(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn part(rest: &mut &[Token]) -> Option<Condition> {
    if eat(rest, "NOT") {
        return Some(Condition::Not(Box::new(part(rest)?)));
    }
    if let [Token::Sign("("), after @ ..] = rest {
        *rest = after;
        let inner = any(rest)?;
        sign(rest, ")")?;
        return Some(inner);
    }
    let attribute = match rest {
        [Token::Word(name) | Token::Text(name), after @ ..] => {
            *rest = after;
            name.clone()
        }
        _ => return None,
    };
    let negated = eat(rest, "NOT");
    if eat(rest, "IN") {
        sign(rest, "(")?;
        let mut operands = vec![operand(rest)?];
        while sign(rest, ",").is_some() {
            operands.push(operand(rest)?);
        }
        sign(rest, ")")?;
        let comparison = if negated { Comparison::NotIn } else { Comparison::In };
        return Some(Condition::Is { attribute, comparison, operands });
    }
    let comparison = if eat(rest, "LIKE") {
        Comparison::Like
    } else if sign(rest, "!=").is_some() {
        Comparison::NotEqual
    } else {
        sign(rest, "=").or_else(|| sign(rest, "=="))?;
        Comparison::Equal
    };
    let operands = vec![operand(rest)?];
    let condition = Condition::Is { attribute, comparison, operands };
    Some(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

fn operand(rest: &mut &[Token]) -> Option<Operand> {
    let (found, after) = match rest {
        [Token::Word(text) | Token::Text(text), after @ ..] => (Operand::Literal(text.clone()), after),
        [Token::Placeholder(operand), after @ ..] => (operand.clone(), after),
        _ => return None,
    };
    *rest = after;
    Some(found)
}

fn sign(rest: &mut &[Token], wanted: &str) -> Option<()> {
    match rest {
        [Token::Sign(found), after @ ..] if *found == wanted => {
            *rest = after;
            Some(())
        }
        _ => None,
    }
}

fn eat(rest: &mut &[Token], word: &str) -> bool {
    match rest {
        [Token::Word(found), after @ ..] if found.eq_ignore_ascii_case(word) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholder_index_splits_lists() {
        let condition = Condition::parse(r#""Okta Group ID" IN (${groupIds${0}})"#).unwrap();
        let Condition::Is { attribute, comparison, operands } = condition else { panic!() };
        assert_eq!((attribute.as_str(), comparison), ("Okta Group ID", Comparison::In));
        let (record, documented) = (json!({"groupIds": ["a", "b"]}), Placeholders::default());
        let other = Placeholders { each: false, lists: true };
        let list = Operand::Field("groupIds".into());
        assert_eq!(operands[0].values(&record, documented), ["a", "b"]);
        assert!(operands[0].values(&record, other).is_empty());
        assert_eq!(list.values(&record, documented), ["a,b"]);
        assert_eq!(list.values(&record, other), ["a", "b"]);
        assert!(list.values(&json!({"groupIds": []}), documented).is_empty());
    }

    #[test]
    fn conditions_combine_and_nonsense_is_refused() {
        assert!(matches!(
            Condition::parse(r#"Name = "a \"b\"" AND (X LIKE ${y} OR NOT Z IN ("1", 2))"#),
            Some(Condition::All(_))
        ));
        for text in
            ["", "Name", "Name =", "Name = ${x", "Name IN x", "Name = 1 AND", "= 1", "Name = ${x${1}}"]
        {
            assert_eq!(Condition::parse(text), None, "{text}");
        }
    }
}
