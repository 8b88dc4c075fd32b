//! Listings: users, groups, members, page by page.

use std::collections::HashMap;
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, with_self};
use super::filter::Filter;
use super::org::Org;
use super::server::OrgServer;

/// The attributes that `filter` may contain; `search` may contain any.
const USER_FILTERS: [&str; 7] = [
    "status",
    "lastUpdated",
    "id",
    "profile.login",
    "profile.email",
    "profile.firstName",
    "profile.lastName",
];
const GROUP_FILTERS: [&str; 4] = ["id", "type", "lastUpdated", "lastMembershipUpdated"];

/// The condition of a listing, if there is one.
fn condition(query: &HashMap<String, String>, filters: &[&str]) -> Result<Option<Filter>, Box<Answer>> {
    let refused = |code, summary| Box::new(Answer::error(400, code, summary));
    if let Some(text) = query.get("search") {
        let filter = Filter::parse(text);
        return filter.map(Some).ok_or_else(|| refused("E0000031", "Invalid search criteria."));
    }
    let Some(text) = query.get("filter") else { return Ok(None) };
    let filter = Filter::parse(text).filter(|filter| filter.mentions_only(filters));
    filter.map(Some).ok_or_else(|| refused("E0000031", "Invalid search criteria."))
}

pub(super) fn users(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let filter = match condition(query, &USER_FILTERS) {
        Ok(filter) => filter,
        Err(refused) => return *refused,
    };
    // Without an expression the listing leaves deactivated users out.
    let keep = |user: &Value| match &filter {
        Some(filter) => filter.matches(user),
        None => user["status"] != "DEPROVISIONED",
    };
    org.readable(query.contains_key("search"), |state| {
        listing(org, "/api/v1/users", query, 200, |after, n| {
            let rest = state.users.range::<str, _>((after, Bound::Unbounded)).map(|(_, user)| user);
            let shown = |user: &Value| projected(with_self(org, "users", user), query.get("fields"));
            rest.filter(|user| keep(user)).take(n).map(shown).collect()
        })
    })
}

pub(super) fn groups(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let filter = match condition(query, &GROUP_FILTERS) {
        Ok(filter) => filter,
        Err(refused) => return *refused,
    };
    org.readable(query.contains_key("search"), |state| {
        listing(org, "/api/v1/groups", query, 10_000, |after, n| {
            let keep = |group: &&Value| filter.as_ref().is_none_or(|filter| filter.matches(group));
            let rest = state.groups.range::<str, _>((after, Bound::Unbounded)).map(|(_, group)| group);
            let shown = |group: &Value| {
                let mut shown = with_self(org, "groups", group);
                if query.get("expand").is_some_and(|parts| parts.split(',').any(|part| part == "stats")) {
                    let count = state.member_count(group["id"].as_str().unwrap_or_default());
                    shown["_embedded"] = json!({ "stats": { "usersCount": count } });
                }
                shown
            };
            rest.filter(keep).take(n).map(shown).collect()
        })
    })
}

/// The members that `fields` names: `id,status,profile:(login,city)`.
fn projected(user: Value, fields: Option<&String>) -> Value {
    let Some(fields) = fields else { return user };
    let (top, profile) = match fields.split_once("profile:(") {
        Some((before, rest)) => {
            let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
            (format!("{before}{after}"), Some(inside))
        }
        None => (fields.clone(), None),
    };
    let named = |object: &Value, names: &str| -> Value {
        let names = names.split(',').filter_map(|name| Some((name, object.get(name)?.clone())));
        names.map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let mut shown = named(&user, &top);
    if let Some(names) = profile {
        shown["profile"] = named(&user["profile"], names);
    }
    shown
}

pub(super) fn members(org: &OrgServer, id: &str, query: &HashMap<String, String>) -> Answer {
    org.readable(false, |state| {
        let Some(group) = state.groups.get(id) else { return Answer::not_found(id, "UserGroup") };
        let everyone = state.everyone() == Some(id);
        let path = format!("/api/v1/groups/{}/users", group["id"].as_str().unwrap_or_default());
        listing(org, &path, query, 1000, |after, n| {
            let shown = |user: &Value| with_self(org, "users", user);
            if everyone {
                let all = state.users.range::<str, _>((after, Bound::Unbounded)).map(|(_, user)| user);
                return all.filter(|user| Org::in_everyone(user)).take(n).map(shown).collect();
            }
            let members = state.members.get(id).map(|m| m.range::<str, _>((after, Bound::Unbounded)));
            members
                .into_iter()
                .flatten()
                .filter_map(|user| state.users.get(user))
                .take(n)
                .map(shown)
                .collect()
        })
    })
}

/// One page, with the link to the next. Cursors are opaque: the encoded last ID. `items` returns this number of objects
/// whose IDs follow one.
fn listing(
    org: &OrgServer,
    path: &str,
    query: &HashMap<String, String>,
    most: usize,
    items: impl FnOnce(Bound<&str>, usize) -> Vec<Value>,
) -> Answer {
    let limit = match query.get("limit").map(|l| l.parse::<usize>()) {
        None => most,
        Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
        Some(_) => return Answer::error(400, "E0000001", "Api validation failed: limit"),
    };
    let after = match query.get("after").map(|cursor| cursor_id(cursor)) {
        Some(None) => return Answer::error(400, "E0000001", "Api validation failed: after"),
        Some(Some(id)) => id,
        None => String::new(),
    };
    let mut page = items(Bound::Excluded(&after), limit + 1);
    let more = page.len() > limit;
    page.truncate(limit);
    let link = |after: Option<&str>, relation: &str| {
        let mut url = org.url.clone();
        url.set_path(path);
        {
            let mut pairs = url.query_pairs_mut();
            if let Some(after) = after {
                pairs.append_pair("after", &cursor(after));
            }
            pairs.append_pair("limit", &limit.to_string());
            for name in ["filter", "search", "sortBy", "sortOrder", "expand", "fields"] {
                if let Some(value) = query.get(name) {
                    pairs.append_pair(name, value);
                }
            }
        }
        format!("<{url}>; rel=\"{relation}\"")
    };
    let mut links = vec![link(None, "self")];
    if let (true, Some(last)) = (more, page.last().and_then(|item| item["id"].as_str())) {
        links.push(link(Some(last), "next"));
    }
    Answer { status: StatusCode::OK, body: Some(page.into()), links }
}

fn cursor(id: &str) -> String {
    format!("200{}", URL_SAFE_NO_PAD.encode(id))
}

fn cursor_id(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.strip_prefix("200")?).ok()?).ok()
}
