//! Filter and search expressions, as far as directory listings use them.

use serde_json::Value;

/// A condition on an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Is { attribute: String, operator: Operator, value: Value },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    StartsWith,
    EndsWith,
    Contains,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// Reads `a eq "b" and (c gt "d" or e sw "f")`; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let filter = any(&mut rest)?;
        rest.is_empty().then_some(filter)
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(object)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(object)),
            Self::Not(inner) => !inner.matches(object),
            Self::Is { attribute, operator, value } => {
                found(object, attribute).into_iter().any(|found| operator.holds(found, value))
            }
        }
    }

    /// True if the filter contains any of these attributes or a part of one.
    pub(super) fn mentions(&self, attributes: &[&str]) -> bool {
        self.any_attribute(&|name| {
            attributes.iter().any(|a| name == *a || name.rsplit('.').next() == Some(*a))
        })
    }

    /// True if the filter contains only these attributes.
    pub(super) fn mentions_only(&self, attributes: &[&str]) -> bool {
        !self.any_attribute(&|name| !attributes.contains(&name))
    }

    fn any_attribute(&self, holds: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.any_attribute(holds)),
            Self::Not(inner) => inner.any_attribute(holds),
            Self::Is { attribute, .. } => holds(attribute),
        }
    }
}

impl Operator {
    fn holds(self, found: &Value, value: &Value) -> bool {
        if self == Self::Equal && !found.is_string() {
            return found == value;
        }
        let (Some(found), Some(value)) = (found.as_str(), value.as_str()) else { return false };
        match self {
            Self::Equal => found == value,
            Self::StartsWith => found.starts_with(value),
            Self::EndsWith => found.ends_with(value),
            Self::Contains => found.contains(value),
            // Times are written alike, so that text order is their order.
            Self::Greater => found > value,
            Self::GreaterOrEqual => found >= value,
            Self::Less => found < value,
            Self::LessOrEqual => found <= value,
        }
    }
}

/// The value at a path; for a list, the value of each member.
fn found<'v>(object: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').fold(vec![object], |at, name| {
        at.into_iter()
            .flat_map(|value| match value {
                Value::Array(items) => items.iter().map(|item| &item[name]).collect(),
                other => vec![&other[name]],
            })
            .collect()
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Value(Value),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => {
                tokens.push(Token::Open);
                1
            }
            ')' => {
                tokens.push(Token::Close);
                1
            }
            '"' => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                tokens.push(Token::Value(values.next()?.ok()?));
                values.byte_offset()
            }
            _ => {
                let end = rest.find([' ', '(', ')', '"']).unwrap_or(rest.len());
                tokens.push(match &rest[..end] {
                    "true" => Token::Value(true.into()),
                    "false" => Token::Value(false.into()),
                    word => Token::Word(word.to_owned()),
                });
                end
            }
        };
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn any(rest: &mut &[Token]) -> Option<Filter> {
    let mut parts = vec![all(rest)?];
    while eat(rest, "or") {
        parts.push(all(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
}

fn all(rest: &mut &[Token]) -> Option<Filter> {
    let mut parts = vec![condition(rest)?];
    while eat(rest, "and") {
        parts.push(condition(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
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

fn condition(rest: &mut &[Token]) -> Option<Filter> {
    if eat(rest, "not") {
        return Some(Filter::Not(Box::new(condition(rest)?)));
    }
    match rest {
        [Token::Open, after @ ..] => {
            *rest = after;
            let inner = any(rest)?;
            match rest {
                [Token::Close, after @ ..] => *rest = after,
                _ => return None,
            }
            Some(inner)
        }
        [Token::Word(attribute), Token::Word(operator), Token::Value(value), after @ ..] => {
            let operator = match operator.to_ascii_lowercase().as_str() {
                "eq" => Operator::Equal,
                "sw" => Operator::StartsWith,
                "ew" => Operator::EndsWith,
                "co" => Operator::Contains,
                "gt" => Operator::Greater,
                "ge" => Operator::GreaterOrEqual,
                "lt" => Operator::Less,
                "le" => Operator::LessOrEqual,
                _ => return None,
            };
            let filter = Filter::Is { attribute: attribute.clone(), operator, value: value.clone() };
            *rest = after;
            Some(filter)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_combine_as_written() {
        let user = json!({"status": "ACTIVE", "lastUpdated": "2026-03-01T00:00:00.000Z", "profile": {"login": "a\"b"},
            "targets": [{"id": "00u1"}, {"id": "00u2"}]});
        for (text, expected) in [
            (r#"status eq "ACTIVE""#, true),
            (r#"status eq "STAGED" or lastUpdated gt "2026-02-01T00:00:00.000Z""#, true),
            (r#"status eq "ACTIVE" and lastUpdated gt "2026-04-01T00:00:00.000Z""#, false),
            (r#"(status EQ "STAGED" or status eq "ACTIVE") and profile.login sw "a\"""#, true),
            (r#"profile.absent eq "x""#, false),
            (r#"not (status eq "STAGED") and status ew "IVE""#, true),
            (r#"type.id eq "t" or targets.id eq "00u2""#, true),
        ] {
            assert_eq!(Filter::parse(text).unwrap().matches(&user), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in
            ["", "status", "status ne \"x\"", "status eq \"x\" and", "(status eq \"x\"", "status eq \"x"]
        {
            assert_eq!(Filter::parse(text), None, "{text}");
        }
    }
}
