//! An invented org.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::defaults::{group_schema, schema_id, user_schema, user_type};
use super::org::{Org, id, stamp};
use jiff::{SignedDuration, Timestamp};

const FIRST: [&str; 16] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Zoë",
    "Łukasz",
    "Søren",
    "José",
    "Naïma",
    "Jürgen",
    "Ольга",
    "太郎",
    "Máire",
    "Ngozi",
];
const LAST: [&str; 14] = [
    "Byron",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "O'Neill",
    "Müller",
    "Nguyễn",
    "García",
    "Åberg",
    "van der Berg",
    "Sato",
    "Okafor",
];
const TITLES: [&str; 5] =
    ["Engineer", "Senior Engineer", "Manager", "Analyst", "Director, \"Special\" Projects"];
const DEPARTMENTS: [&str; 6] = ["R&D", "Sales", "Finance", "People", "IT", "Legal"];
const CITIES: [&str; 4] = ["London", "Zürich", "Tokyo", "São Paulo"];
const SKILLS: [&str; 5] = ["rust", "go", "sql", "first aid", "c++"];
const SIZES: [&str; 4] = ["S", "M", "L", "XL"];
const STATUSES: [(&str, u32); 8] = [
    ("ACTIVE", 80),
    ("STAGED", 3),
    ("PROVISIONED", 3),
    ("SUSPENDED", 3),
    ("PASSWORD_EXPIRED", 2),
    ("LOCKED_OUT", 2),
    ("RECOVERY", 2),
    ("DEPROVISIONED", 5),
];

const DEFAULT_TYPE: &str = "oty0000000000001d7000";
const CONTRACTOR_TYPE: &str = "oty0000000000002d7000";
/// 2026-01-05T09:00:00Z: everything in an invented org happened after.
const BEGINNING: i64 = 1_767_603_600;

pub(crate) fn seed(users: usize, groups: usize, members_per_group: usize, seed: u64) -> Org {
    let mut random = StdRng::seed_from_u64(seed);
    let mut org = Org { serial: seed % 1000 * 10_000_000, ..Org::default() };
    add_schemas(&mut org);
    let user_ids: Vec<String> = (0..users).map(|_| org.new_id("00u")).collect();
    for (n, user_id) in user_ids.iter().enumerate() {
        let user = user(n, user_id, &user_ids, &mut random);
        org.users.insert(user_id.clone(), user);
    }
    add_groups(&mut org, groups, members_per_group, &user_ids, &mut random);
    org
}

fn add_schemas(org: &mut Org) {
    org.user_types = vec![
        user_type(DEFAULT_TYPE, "user", "User", true),
        user_type(CONTRACTOR_TYPE, "contractor", "Contractor", false),
    ];
    let common = json!({
        "costCentre": { "title": "Cost centre", "type": "string" },
        "headcount": { "title": "Head count", "type": "integer" },
        "fte": { "title": "Full-time share", "type": "number" },
        "remote": { "title": "Works remotely", "type": "boolean" },
        "skills": { "title": "Skills", "type": "array", "items": { "type": "string" } },
        "shirtSize": { "title": "Shirt size", "type": "string", "enum": SIZES,
            "oneOf": SIZES.map(|s| json!({ "const": s, "title": format!("Size {s}") })) },
        "contractEnd": { "title": "Contract end", "type": "string", "format": "date-time" },
        "homepage": { "title": "Home page", "type": "string", "format": "uri" },
        "notes": { "title": "Notes", "type": "string", "maxLength": 5000 },
        "created": { "title": "Created", "type": "string", "description": "A name that Assets keeps for itself" },
    });
    let mut contractor = common.clone();
    contractor["agency"] = json!({ "title": "Agency", "type": "string" });
    // The same name, defined differently.
    contractor["headcount"] = json!({ "title": "Head count", "type": "string" });
    org.user_schemas.insert(schema_id(DEFAULT_TYPE), user_schema("User", &common));
    org.user_schemas.insert(schema_id(CONTRACTOR_TYPE), user_schema("Contractor", &contractor));
    org.group_schema = group_schema(&json!({
        "costCentre": { "title": "Cost centre", "type": "string" },
        "budget": { "title": "Budget", "type": "number" },
    }));
}

fn user(n: usize, user_id: &str, all: &[String], random: &mut StdRng) -> Value {
    let first = pick(&FIRST, random);
    let last = pick(&LAST, random);
    let login = format!("user{n:06}@example.com");
    let status = status(random);
    let created = BEGINNING + i64::try_from(n).unwrap_or_default() * 60;
    let time = |second: i64| stamp(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second));
    let contractor = random.random_ratio(1, 12);
    let mut profile = json!({
        "login": login, "email": login, "firstName": first, "lastName": last,
        "displayName": format!("{first} {last}"),
        "title": pick(&TITLES, random), "department": pick(&DEPARTMENTS, random), "city": pick(&CITIES, random),
        "employeeNumber": format!("{:05}", n + 1), "mobilePhone": null, "secondEmail": null,
        "locale": "en_GB", "userType": if contractor { "Contractor" } else { "Employee" },
    });
    let mut maybe = |name: &str, share: u32, value: Value, random: &mut StdRng| {
        if random.random_ratio(share, 100) {
            profile[name] = value;
        }
    };
    // About half of the users have a manager. The first user is the fallback, also for itself.
    maybe("managerId", 50, all[n / 7].clone().into(), random);
    maybe("costCentre", 60, format!("CC-{}", n % 17).into(), random);
    let headcount = if contractor { json!(format!("{} people", n % 5)) } else { json!(n % 50) };
    maybe("headcount", 30, headcount, random);
    maybe("fte", 30, json!(0.5 + f64::from(u32::try_from(n % 6).unwrap_or_default()) / 10.0), random);
    maybe("remote", 40, json!(n.is_multiple_of(2)), random);
    let skills: Vec<&str> = SKILLS.iter().filter(|_| random.random_ratio(1, 2)).copied().collect();
    maybe("skills", 50, json!(skills), random);
    maybe("shirtSize", 40, pick(&SIZES, random).into(), random);
    maybe("contractEnd", 20, time(created + 86_400 * 400).into(), random);
    maybe("homepage", 20, format!("https://people.example.com/~{n}").into(), random);
    maybe("notes", 5, format!("{} ", "Long text.\nSecond line.").repeat(30).trim().into(), random);
    maybe("created", 5, "by hand".into(), random);
    if contractor {
        profile["agency"] = "Acme".into();
    }
    json!({
        "id": user_id, "status": status, "created": time(created),
        "activated": if status == "STAGED" { Value::Null } else { time(created + 2).into() },
        "statusChanged": time(created + 2), "lastLogin": null, "lastUpdated": time(created + 3600),
        "passwordChanged": null,
        "type": { "id": if contractor { CONTRACTOR_TYPE } else { DEFAULT_TYPE } },
        "profile": profile,
    })
}

fn status(random: &mut StdRng) -> &'static str {
    let mut dice = random.random_range(0..100);
    for (status, share) in STATUSES {
        if dice < share {
            return status;
        }
        dice -= share;
    }
    "ACTIVE"
}

fn add_groups(org: &mut Org, groups: usize, members_per_group: usize, users: &[String], random: &mut StdRng) {
    let time = stamp(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(BEGINNING));
    let group = |id: &str, kind: &str, class: &str, profile: Value| {
        json!({
            "id": id, "created": time, "lastUpdated": time, "lastMembershipUpdated": time,
            "objectClass": [class], "type": kind, "profile": profile,
        })
    };
    let everyone = id("00g", 1);
    let profile = json!({ "name": "Everyone", "description": "All users in your organization" });
    org.groups.insert(everyone.clone(), group(&everyone, "BUILT_IN", "okta:user_group", profile));
    for n in 0..groups {
        let group_id = org.new_id("00g");
        let name = format!("{} {:04}", pick(&DEPARTMENTS, random), n + 1);
        // One of ten groups comes from a directory.
        let value = if n % 10 == 9 {
            let profile = json!({
                "name": name, "description": null, "samAccountName": format!("grp{n}"),
                "dn": format!("CN=grp{n},DC=example,DC=com"),
                "windowsDomainQualifiedName": format!("EXAMPLE\\grp{n}"), "externalId": format!("ext{n}=="),
            });
            let mut value = group(&group_id, "APP_GROUP", "okta:windows_security_principal", profile);
            value["source"] = json!({ "id": "0oa00000000000000ad7" });
            value
        } else {
            let description = if n % 3 == 0 { Value::Null } else { format!("Everybody in {name}").into() };
            let profile =
                json!({ "name": name, "description": description, "costCentre": format!("CC-{}", n % 17) });
            group(&group_id, "OKTA_GROUP", "okta:user_group", profile)
        };
        org.groups.insert(group_id.clone(), value);
        let wanted = members_per_group.min(users.len());
        for _ in 0..wanted {
            if let Some(user) = users.choose(random) {
                org.add_member(&group_id, user);
            }
        }
    }
}

fn pick(from: &[&'static str], random: &mut StdRng) -> &'static str {
    from.choose(random).copied().unwrap_or_default()
}
