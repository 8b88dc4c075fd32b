//! Mutations of JSON documents.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Number, Value, json};

/// Changes one value of a document. True if a member is to be written twice, which a [`Value`] cannot hold.
pub(crate) fn mutate(random: &mut StdRng, document: &mut Value, other: &Value, word: &str) -> bool {
    let theirs = node(random, &mut other.clone()).clone();
    let odd = odd(random, word);
    let at = node(random, document);
    match random.random_range(0..9) {
        0..3 => *at = odd,
        3 => *at = theirs,
        4 => match at {
            Value::Object(members) => {
                members.insert(word.to_owned(), odd);
            }
            Value::Array(items) => items.push(theirs),
            Value::String(text) => text.push_str(word),
            at => *at = Value::String(at.to_string()),
        },
        5 => match at {
            Value::Object(members) => {
                let names: Vec<String> = members.keys().cloned().collect();
                if !names.is_empty() {
                    let name = &names[random.random_range(0..names.len())];
                    let value = members.remove(name).unwrap_or_default();
                    // A member is lost, or has another name.
                    if random.random_bool(0.5) {
                        members.insert(word.to_owned(), value);
                    }
                }
            }
            Value::Array(items) if !items.is_empty() => {
                items.remove(random.random_range(0..items.len()));
            }
            at => *at = Value::Null,
        },
        6 => {
            let inner = at.take();
            *at = if random.random_bool(0.5) { json!([inner]) } else { json!({ word: inner }) };
        }
        7 => {
            if let Value::Array(items) = at
                && !items.is_empty()
            {
                let again = items[random.random_range(0..items.len())].clone();
                items.insert(random.random_range(0..=items.len()), again);
            } else {
                *at = json!([at.clone(), odd]);
            }
        }
        _ => return true,
    }
    false
}

/// One of the values in a document, itself included.
fn node<'v>(random: &mut StdRng, value: &'v mut Value) -> &'v mut Value {
    let inner = match &*value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if inner == 0 || random.random_bool(0.15) {
        return value;
    }
    let at = random.random_range(0..inner);
    let next = match value {
        Value::Array(items) => items.get_mut(at),
        Value::Object(members) => members.values_mut().nth(at),
        _ => None,
    };
    node(random, next.unwrap())
}

/// A value that stands where another one should.
fn odd(random: &mut StdRng, word: &str) -> Value {
    match random.random_range(0..16) {
        0 => Value::Null,
        1 => Value::Bool(random.random()),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(u64::MAX),
        5 => json!(i64::MIN),
        6 => Number::from_f64(1e308).map_or(Value::Null, Value::Number),
        7 => json!(random.random::<i64>()),
        8 => json!(""),
        9 => json!([]),
        10 => json!({}),
        11 => json!(word.repeat(random.random_range(1..300))),
        12 => (0..random.random_range(1..200)).fold(json!(1), |inner, _| json!([inner])),
        13 => Value::Object(Map::from_iter([(word.to_owned(), json!(word))])),
        14 => word.parse().unwrap_or_else(|_| json!(word)),
        _ => json!(word),
    }
}
