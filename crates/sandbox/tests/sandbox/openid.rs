//! People sign in to a web app with the org.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::RS256;
use josekit::jwt;
use sandbox::ControlClient;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::env::{self, Answer, TestEnv};

const BACK: &str = "http://127.0.0.1:9/back";
const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rules-of-it";

async fn read(request: reqwest::RequestBuilder) -> Answer {
    env::read(request).await.unwrap()
}

struct App<'a> {
    env: &'a TestEnv,
    control: ControlClient,
    id: String,
    secret: String,
    login: String,
}

impl<'a> App<'a> {
    async fn register(env: &'a TestEnv, thin: bool) -> Self {
        let control = ControlClient::new(env.sandbox.control_url());
        let app = json!({ "redirect_uris": [BACK], "thin": thin });
        let app = control.call("POST", "/okta/web-apps", &app).await.unwrap();
        let users = control.get("/okta/users").await.unwrap();
        let active =
            users["users"].as_array().unwrap().iter().find(|user| user["status"] == "ACTIVE").unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            env,
            control,
            id: text(&app["client_id"]),
            secret: text(&app["client_secret"]),
            login: text(&active["profile"]["login"]),
        }
    }

    fn authorize_parameters<'b>(&'b self, changes: &[(&'b str, &'b str)]) -> Vec<(&'b str, String)> {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let parameters = [
            ("client_id", self.id.as_str()),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid profile groups"),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "none"),
            ("login_hint", &self.login),
        ];
        let changed =
            |name: &str| changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
        parameters
            .into_iter()
            .map(|(name, value)| (name, changed(name).unwrap_or(value).to_owned()))
            .collect()
    }

    async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        let url = format!("{}/oauth2/v1/authorize", self.env.ready("/okta/org_url"));
        read(self.env.http.get(url).query(&self.authorize_parameters(changes))).await
    }

    async fn code(&self) -> String {
        parameter(&self.authorize(&[]).await, "code")
    }

    async fn redeem(&self, code: &str, secret: &str, uri: &str, verifier: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
        ];
        let request = self.env.http.post(self.env.token_url()).basic_auth(&self.id, Some(secret));
        read(request.form(&form)).await
    }

    async fn redeem_error(&self, code: &str, secret: &str, uri: &str, verifier: &str) -> (u16, String) {
        let answer = self.redeem(code, secret, uri, verifier).await;
        (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
    }
}

fn parameter(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let back = Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(BACK), "{back}");
    let found = back.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {back}")).1.into_owned()
}

async fn get(env: &TestEnv, url: &str) -> Value {
    read(env.http.get(url)).await.json()
}

/// The claims of a token that is signed with a key that is published.
async fn claims(env: &TestEnv, token: &str) -> Value {
    let url = env.ready("/okta/org_url");
    let about = get(env, &format!("{url}/.well-known/openid-configuration")).await;
    assert_eq!(about["issuer"], url.as_str());
    let keys = get(env, about["jwks_uri"].as_str().unwrap()).await;
    let key = Jwk::from_map(keys["keys"][0].as_object().unwrap().clone()).unwrap();
    let verifier = RS256.verifier_from_jwk(&key).unwrap();
    let (claims, header) = jwt::decode_with_verifier(token, &verifier).unwrap();
    assert_eq!(header.claim("kid"), Some(&keys["keys"][0]["kid"]));
    Value::Object(claims.claims_set().clone())
}

#[tokio::test]
async fn sign_in_form_selects_the_user() {
    let env = TestEnv::new().await;
    let app = App::register(&env, false).await;
    let page = app.authorize(&[("prompt", "")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"state\" value=\"s1\"") && page.text.contains("name=\"login\""));
    let url = format!("{}/oauth2/v1/authorize", env.ready("/okta/org_url"));
    let mut form = app.authorize_parameters(&[("prompt", "")]);
    form.push(("login", "nobody@example.com".to_owned()));
    let refused = read(env.http.post(&url).form(&form)).await;
    assert!(refused.status == 200 && refused.text.contains("Unable to sign in"), "{}", refused.text);
    form.pop();
    form.push(("login", app.login.clone()));
    let back = read(env.http.post(&url).form(&form)).await;
    assert_eq!(parameter(&back, "state"), "s1");
    let tokens = app.redeem(&parameter(&back, "code"), &app.secret, BACK, VERIFIER).await.json();
    let claims = claims(&env, tokens["id_token"].as_str().unwrap()).await;
    assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(app.id), &json!("n1")));
    assert_eq!(claims["preferred_username"], app.login.as_str());
    assert!(claims["groups"].as_array().unwrap().contains(&json!("Everyone")), "{claims}");
}

#[tokio::test]
async fn thin_token_needs_userinfo_for_claims() {
    let env = TestEnv::new().await;
    let app = App::register(&env, true).await;
    let tokens = app.redeem(&app.code().await, &app.secret, BACK, VERIFIER).await.json();
    let told = claims(&env, tokens["id_token"].as_str().unwrap()).await;
    assert!(told["groups"].is_null() && told["preferred_username"].is_null());
    let url = format!("{}/oauth2/v1/userinfo", env.ready("/okta/org_url"));
    assert_eq!(read(env.http.get(&url)).await.status, 401);
    let about = read(env.http.get(&url).bearer_auth(tokens["access_token"].as_str().unwrap())).await.json();
    assert_eq!((&about["sub"], &about["preferred_username"]), (&told["sub"], &json!(app.login)));
    let keys = format!("{}/oauth2/v1/keys", env.ready("/okta/org_url"));
    let before = get(&env, &keys).await;
    app.control.call("DELETE", "/okta/web-apps/key", &Value::Null).await.unwrap();
    let after = get(&env, &keys).await;
    assert!(before["keys"][0]["kid"] != after["keys"][0]["kid"]);
}

#[tokio::test]
async fn what_okta_refuses_is_refused() {
    let env = TestEnv::new().await;
    let app = App::register(&env, false).await;
    for untrusted in [("client_id", "0oaother"), ("redirect_uri", "http://127.0.0.1:9/elsewhere")] {
        assert_eq!(app.authorize(&[untrusted]).await.status, 400);
    }
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "profile"), "invalid_scope"),
        (("state", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("login_hint", ""), "login_required"),
    ] {
        assert_eq!(parameter(&app.authorize(&[change]).await, "error"), error, "{change:?}");
    }
    let grant = |answer: (u16, String)| assert_eq!(answer, (400, "invalid_grant".to_owned()));
    let code = app.code().await;
    assert_eq!(app.redeem_error(&code, "wrong", BACK, VERIFIER).await, (401, "invalid_client".to_owned()));
    assert_eq!(app.redeem(&code, &app.secret, BACK, VERIFIER).await.status, 200);
    grant(app.redeem_error(&code, &app.secret, BACK, VERIFIER).await);
    grant(app.redeem_error(&app.code().await, &app.secret, "http://127.0.0.1:9/other", VERIFIER).await);
    grant(app.redeem_error(&app.code().await, &app.secret, BACK, "another-verifier").await);
    let old = app.code().await;
    app.control.call("POST", "/okta/clock/301", &Value::Null).await.unwrap();
    grant(app.redeem_error(&old, &app.secret, BACK, VERIFIER).await);
}
