//! A real browser without a window, driven as a person would.

use std::io::{BufRead, BufReader};
use std::mem::ManuallyDrop;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_mins(3);

/// What is noted of pages before they load: whatever their policy forbids, and whatever their script fails at.
const NOTES: &str = "window.notes = [];
    addEventListener('securitypolicyviolation', (e) => notes.push(`policy: ${e.violatedDirective} ${e.blockedURI}`));
    addEventListener('error', (e) => notes.push(`script: ${e.message}`));";

pub(crate) struct Browser {
    /// Ends with its process; by itself it would ask that to end the session, which is gone by then.
    pub(crate) driver: ManuallyDrop<WebDriver>,
    process: Child,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver does not take the browser with it; their group does.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

/// A driver and its port. It chooses a port before it listens, and ends where another took it meanwhile; then the next is tried.
fn driver() -> (Child, String) {
    const ATTEMPTS: usize = 10;
    for _ in 0..ATTEMPTS {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing; tests/run installs it (Debian: chromium, chromium-driver)");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        if let Some(port) = port {
            // Its words are read to the end, or it would wait to say them.
            std::thread::spawn(move || lines.for_each(drop));
            return (process, port);
        }
        process.wait().unwrap();
    }
    panic!("chromedriver ended {ATTEMPTS} times without listening");
}

impl Browser {
    pub(crate) async fn open() -> Self {
        let (process, port) = driver();
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--window-size=1280,900",
        ] {
            capabilities.add_arg(argument).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        let browser = Self { driver: ManuallyDrop::new(driver), process };
        browser.tools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTES })).await;
        browser
    }

    async fn tools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap()
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// The part of the address after the host.
    pub(crate) async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub(crate) async fn width(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.tools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub(crate) async fn prefer(&self, theme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.tools("Emulation.setEmulatedMedia", features).await;
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// What a person reads on the page.
    pub(crate) async fn text(&self) -> String {
        self.script("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until something is to be read.
    pub(crate) async fn see(&self, text: &str) {
        self.wait_until(text, async |now| now.contains(text)).await;
    }

    /// Waits until something is no longer to be read.
    pub(crate) async fn miss(&self, text: &str) {
        self.wait_until(&format!("no {text}"), async |now| !now.contains(text)).await;
    }

    async fn wait_until(&self, what: &str, holds: impl AsyncFn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While a page loads there may be no body.
            let now = self.driver.execute("return document.body?.innerText ?? ''", Vec::new()).await;
            let now = now.ok().and_then(|n| n.json().as_str().map(str::to_owned)).unwrap_or_default();
            if holds(&now).await {
                return;
            }
            assert!(Instant::now() < deadline, "not seen in time: {what}; the page says:\n{now}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses the button or link of that name, as soon as there is one.
    pub(crate) async fn press(&self, name: &str) {
        // A tab may have the name of a button that is not there yet.
        let named = format!("[normalize-space()='{name}' or @aria-label='{name}']");
        let path = format!(
            "//*[self::button or self::a or self::summary]{named}[not(ancestor::nav[@class='tabs'])]"
        );
        self.press_at(By::XPath(path.as_str()), name).await;
    }

    /// Presses what is at that place, as soon as there is something.
    pub(crate) async fn press_at(&self, place: By, name: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // A live part may replace it between the look and the press.
            if let Ok(found) = self.driver.find(place.clone()).await
                && found.click().await.is_ok()
            {
                return;
            }
            assert!(Instant::now() < deadline, "no {name} to press; the page says:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether there is a button or link of that name.
    pub(crate) async fn offers(&self, name: &str) -> bool {
        let path = format!("//*[self::button or self::a][normalize-space()='{name}']");
        self.driver.find(By::XPath(path.as_str())).await.is_ok()
    }

    /// Presses what leads to another page, and waits for that; to be told from a page that looks the same.
    pub(crate) async fn follow(&self, name: &str) {
        self.script("window.left = true").await;
        self.press(name).await;
        let deadline = Instant::now() + PATIENCE;
        let arrived = "return !window.left && document.readyState === 'complete'";
        while self.driver.execute(arrived, Vec::new()).await.ok().is_none_or(|n| *n.json() != json!(true)) {
            assert!(Instant::now() < deadline, "{name} leads nowhere; the page says:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Types into the field with that label, as soon as there is one.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let path = format!("//*[@id=//label[normalize-space()='{label}']/@for]");
        let fill = async || {
            let field = self.driver.find(By::XPath(path.as_str())).await?;
            field.clear().await?;
            field.send_keys(text).await
        };
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = fill().await {
            assert!(
                Instant::now() < deadline,
                "no field {label}: {error}; the page says:\n{}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses a key where the focus is.
    pub(crate) async fn key(&self, key: impl Into<TypingData>) {
        self.driver.active_element().await.unwrap().send_keys(key).await.unwrap();
    }

    /// Fails when the page did something that its policy forbids, or its script failed.
    pub(crate) async fn assert_clean(&self, place: &str) {
        let notes = self.script("return window.notes ?? ['not watched']").await;
        assert_eq!(notes, json!([]), "{place}");
    }

    /// Fails when the page is wider than the window.
    pub(crate) async fn assert_fits(&self, place: &str) {
        let script = "const wide = document.documentElement.scrollWidth - innerWidth;
            return wide > 0 ? `${wide} px too wide: ` + [...document.querySelectorAll('main *')]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))
                .map((e) => e.tagName + '.' + e.className).slice(0, 5).join(' ') : ''";
        assert_eq!(self.script(script).await, json!(""), "{place}");
    }

    /// Fails when the accessibility checker finds anything.
    pub(crate) async fn assert_accessible(&self, place: &str) {
        let checker = std::fs::read_to_string(checker()).unwrap_or_else(|e| {
            panic!("{}: {e}; tests/run fetches the accessibility checker axe-core", checker().display())
        });
        self.driver.execute(&checker, Vec::new()).await.unwrap();
        let run = "const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            axe.run(document, { runOnly: tags, preload: false, resultTypes: ['violations'] }).then(
                (found) => done(found.violations.map((v) => `${v.id} (${v.help}): ` +
                    v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.failureSummary).join(' | '))),
                (error) => done([String(error)]));";
        let found = self.driver.execute_async(run, Vec::new()).await.unwrap().json().clone();
        assert_eq!(found, json!([]), "{place}");
    }

    /// Keeps a picture of the window for people to look at.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = target().join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(format!("{name}.png"))).await.unwrap();
    }
}

fn checker() -> PathBuf {
    target().join("axe-core/axe.min.js")
}

/// The folder that cargo builds into.
fn target() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(3).map(Path::to_owned).unwrap()
}
