//! A fault, what is done meanwhile, where it is told, and how it is said to be over.

use serde_json::{Value, json};

use crate::test_env::TestEnv;

/// What is switched, on or off.
#[derive(Clone)]
pub(crate) enum Switch {
    /// Faults on demand; without a text none.
    Faults(&'static str),
    /// A call of the control API.
    Control(&'static str, &'static str, Value),
    /// A scope of the app, on or off.
    Scope(&'static str, &'static str),
    /// The same of the hook, by the end of its path.
    Hook(&'static str, &'static str, Value),
}

/// What an operator, or Okta, does.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    /// Nothing: the daemon works.
    Wait,
    /// A button.
    Press(&'static str),
    /// A change in Okta.
    Event,
    /// Somebody new in Okta.
    Create,
}

/// A test for each row; beginning with `fn NAME;`, also a function that lists the rows.
macro_rules! row_tests {
    (fn $rows:ident; $($test:ident: $row:expr;)*) => {
        fn $rows() -> Vec<Row> {
            vec![$($row),*]
        }

        row_tests! { $($test: $row;)* }
    };
    ($($test:ident: $row:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let world = TestEnv::start().await;
            $row.run(&world).await;
            world.end().await;
        })*
    };
}
pub(crate) use row_tests;

pub(crate) struct Row {
    /// The fault, or the switch, in the sandbox's words.
    pub(crate) name: &'static str,
    pub(crate) on: Vec<Switch>,
    pub(crate) act: Act,
    pub(crate) page: &'static str,
    /// What is wrong, and what to do.
    pub(crate) says: [&'static str; 2],
    pub(crate) off: Vec<Switch>,
    /// What is done once it is switched off.
    pub(crate) heal: Act,
}

impl Row {
    /// Faults that are told while they last, where an action shows them.
    pub(crate) fn faults(
        name: &'static str,
        spec: &'static str,
        act: Act,
        page: &'static str,
        says: [&'static str; 2],
    ) -> Self {
        let (on, off) = (vec![Switch::Faults(spec)], vec![Switch::Faults("")]);
        Self { name, on, act, page, says, off, heal: act }
    }

    /// A switch of the control API and its opposite.
    pub(crate) fn control(
        name: &'static str,
        on: Switch,
        off: Switch,
        act: Act,
        page: &'static str,
        says: [&'static str; 2],
    ) -> Self {
        Self { name, on: vec![on], act, page, says, off: vec![off], heal: act }
    }

    pub(crate) async fn run(self, world: &TestEnv) {
        let name = self.name;
        eprintln!("{name}: on");
        for switch in self.on {
            switch.flip(world).await;
        }
        self.act.act(world, name).await;
        world.page_with(self.page, &self.says, false).await;
        eprintln!("{name}: told");
        for switch in self.off {
            switch.flip(world).await;
        }
        self.heal.act(world, &format!("{name} is over")).await;
        // What is looked at anew says nothing yet.
        let quiet = |text: &str| {
            let (now, _) = text.split_once("Resolved").unwrap_or((text, ""));
            !now.contains(self.says[0]) && !now.contains("Running")
        };
        world.page_when(self.page, quiet).await;
        world.is_well().await;
        eprintln!("{name}: over");
    }
}

/// Checks that changes arrive despite a fault, and that it raises no alert.
pub(crate) async fn tolerates(world: &TestEnv, name: &str, spec: &str) {
    let users = world.users().await;
    let users: Vec<&String> = users.iter().take(2).collect();
    eprintln!("{name}: on");
    if !spec.is_empty() {
        world.call("PUT", "/faults", &json!(spec)).await;
    }
    for (at, user) in users.iter().enumerate() {
        world.moves(user, &format!("{name} {at}")).await;
    }
    for (at, user) in users.iter().enumerate() {
        world.arrives(user, &format!("{name} {at}")).await;
    }
    world.is_well().await;
    world.call("DELETE", "/faults", &Value::Null).await;
    let over = world.page("").await;
    assert!(!over.contains("Resolved"), "{name} was told: {over}");
    eprintln!("{name}: tolerated");
}

impl Switch {
    async fn flip(self, world: &TestEnv) {
        match self {
            Self::Faults("") => drop(world.call("DELETE", "/faults", &Value::Null).await),
            Self::Faults(spec) => drop(world.call("PUT", "/faults", &json!(spec)).await),
            Self::Control(method, path, body) => drop(world.call(method, path, &body).await),
            Self::Scope(scope, state) => {
                drop(world.call("POST", &format!("/okta/scopes/{scope}/{state}"), &Value::Null).await);
            }
            Self::Hook(method, end, body) => {
                let path = world.hook_path().await;
                world.call(method, &format!("{path}{end}"), &body).await;
            }
        }
    }
}

impl Act {
    async fn act(self, world: &TestEnv, mark: &str) {
        match self {
            Self::Wait => {}
            Self::Press(button) => world.press(button).await,
            Self::Create => {
                let login = format!("{}@example.com", mark.replace(' ', "-"));
                let new = json!({ "login": login, "email": login, "firstName": "New", "lastName": mark });
                world.call("POST", "/okta/users", &new).await;
            }
            Self::Event => {
                let users = world.users().await;
                world.moves(&users[0], mark).await;
            }
        }
    }
}
