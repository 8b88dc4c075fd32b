//! Signing in and out: `/sign-in`, `/sign-in/okta` and its callback, `/sign-out`. The caller renders the page.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;
use secrecy::SecretString;
use sync_daemon::RefusedSignIn;
use url::form_urlencoded;

use super::authorize::read_form;
use super::cookies::Purpose;
use super::crypto::{random_text, same};
use super::identity::CSRF_FIELD;
use super::oidc::{CALLBACK, OidcError};
use super::origin::is_foreign;
use super::return_to::local_path;
use super::state::Sender;
use super::{Access, Problem, SignInError};

/// A notice on the sign-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInNotice {
    /// The session ended.
    Ended,
    /// The user signed out.
    SignedOut,
}

/// The content of the sign-in page: a form that posts `token`, `next` and `csrf` to `/sign-in`, and a link to Okta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInPage {
    /// The address to go to afterwards, for the hidden field `next`.
    pub next: String,
    /// The value of the hidden field `csrf`.
    pub csrf: String,
    /// The notice, if any.
    pub notice: Option<SignInNotice>,
    /// The reason why the last attempt failed.
    pub problem: Option<String>,
    /// The address of a link that signs in with Okta, when that is set up.
    pub okta: Option<String>,
}

/// Shows the sign-in page.
type Render = fn(&SignInPage) -> Markup;

#[derive(Clone)]
struct Pages {
    access: Access,
    render: Render,
}

type Parameters = Query<HashMap<String, String>>;

/// The pages for signing in and out. They aren't behind [`authorize`](super::authorize()).
pub fn routes(access: Access, render: Render) -> Router {
    Router::new()
        .route("/sign-in", get(show).post(with_token))
        .route("/sign-out", post(sign_out))
        .route("/sign-in/okta", get(begin_with_okta))
        .route(CALLBACK, get(oidc_callback))
        .with_state(Pages { access, render })
}

async fn show(State(pages): State<Pages>, Query(query): Parameters, headers: HeaderMap) -> Response {
    let next = destination(query.get("next"));
    match pages.access.identify(&headers).await {
        Ok(Sender::Known(_)) => return redirect(next, Vec::new()),
        Ok(_) => {}
        Err(error) => return pages.failed(&headers, next, &error.into()),
    }
    let notice = if query.contains_key("signed-out") {
        Some(SignInNotice::SignedOut)
    } else {
        query.contains_key("ended").then_some(SignInNotice::Ended)
    };
    pages.page(&headers, StatusCode::OK, next, notice, None)
}

async fn with_token(State(pages): State<Pages>, request: Request) -> Response {
    let from = pages.address(&request);
    let (headers, form) = match read(request).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let next = destination(form.get("next"));
    if form.foreign || !pages.access.is_own_form(&headers, form.text(CSRF_FIELD)) {
        return pages.failed(&headers, next, &SignInError::Form);
    }
    let token: SecretString = form.text("token").trim().to_owned().into();
    match pages.access.sign_in(&token, from).await {
        Ok(session) => pages.signed_in(&headers, next, &session).await,
        Err(error) => pages.failed(&headers, next, &error),
    }
}

async fn sign_out(State(pages): State<Pages>, request: Request) -> Response {
    let from = pages.address(&request);
    let (headers, form) = match read(request).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let secure = pages.access.secure();
    let sender = match pages.access.identify(&headers).await {
        Ok(sender) => sender,
        Err(error) => return pages.failed(&headers, "/", &error.into()),
    };
    let session = Purpose::Session.read(&headers, secure);
    if let (Sender::Known(identity), Some(session)) = (sender, session) {
        let own = identity.csrf.is_some_and(|csrf| same(&csrf, form.text(CSRF_FIELD)));
        if form.foreign || !own {
            return Problem::stale_form().on_page(true).into_response();
        }
        if let Err(error) = pages.access.sign_out(&session).await {
            return pages.failed(&headers, "/", &error.into());
        }
        pages.access.note(&identity.principal, "sign_out", Some(from)).await;
    }
    redirect("/sign-in?signed-out=1", vec![Purpose::Session.clear(secure)])
}

/// A link, not a form: it only stores a cookie, and the policy for forms doesn't have to permit Okta's sign-in hosts.
async fn begin_with_okta(
    State(pages): State<Pages>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Response {
    let next = destination(query.get("next"));
    let Some(oidc) = pages.access.oidc() else { return StatusCode::NOT_FOUND.into_response() };
    if is_foreign(&headers, None) {
        return pages.failed(&headers, next, &SignInError::Form);
    }
    match oidc.begin(pages.access.key(), next, pages.access.now()).await {
        Ok((address, cookie)) => {
            redirect(address.as_str(), vec![Purpose::Okta.set(&cookie, pages.access.secure())])
        }
        Err(error) => pages.failed(&headers, next, &error.into()),
    }
}

async fn oidc_callback(State(pages): State<Pages>, Query(query): Parameters, request: Request) -> Response {
    let from = pages.address(&request);
    let headers = request.headers();
    match pages.finish_with_okta(&query, headers, from).await {
        Ok((next, session)) => pages.signed_in(headers, &next, &session).await,
        Err(error) => {
            let mut response = pages.failed(headers, "/", &error);
            append_cookie(&mut response, &Purpose::Okta.clear(pages.access.secure()));
            response
        }
    }
}

impl Pages {
    /// Failures count as those with tokens do: each costs a request to Okta.
    async fn finish_with_okta(
        &self,
        query: &HashMap<String, String>,
        headers: &HeaderMap,
        from: IpAddr,
    ) -> Result<(String, SecretString), SignInError> {
        let access = &self.access;
        let oidc = access.oidc().ok_or(OidcError::NotSetUp)?;
        access.attempt(from)?;
        let cookie = Purpose::Okta.read(headers, access.secure()).ok_or(OidcError::Stale)?;
        let (next, person) = oidc.finish(access.key(), &cookie, query, access.now()).await?;
        let session = access.sign_in_person(&person, from).await?;
        access.forgive(from);
        Ok((destination(Some(&next)).to_owned(), session))
    }

    /// The session that the browser had before ends.
    async fn signed_in(&self, headers: &HeaderMap, next: &str, session: &SecretString) -> Response {
        let secure = self.access.secure();
        if let Some(before) = Purpose::Session.read(headers, secure)
            && let Err(error) = self.access.sign_out(&before).await
        {
            tracing::warn!(error = %sync_engine::error_chain(&error), "could not end the previous session");
        }
        let cookies = [Purpose::Form, Purpose::Okta].map(|purpose| purpose.clear(secure));
        redirect(next, [vec![Purpose::Session.set(session, secure)], cookies.into()].concat())
    }

    fn failed(&self, headers: &HeaderMap, next: &str, error: &SignInError) -> Response {
        let status = match error {
            SignInError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            SignInError::Token => StatusCode::UNAUTHORIZED,
            SignInError::Form => StatusCode::FORBIDDEN,
            SignInError::Okta(error) => {
                self.access.count(RefusedSignIn::OpenId);
                tracing::warn!(target: "audit", error = %sync_engine::error_chain(error), "rejected a sign-in with Okta");
                error.status()
            }
            SignInError::Store(error) => {
                tracing::error!(error = %sync_engine::error_chain(error), "could not store a session");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let mut response = self.page(headers, status, next, None, Some(error.to_string()));
        if let SignInError::Throttled { wait } = error {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }

    fn page(
        &self,
        headers: &HeaderMap,
        status: StatusCode,
        next: &str,
        notice: Option<SignInNotice>,
        problem: Option<String>,
    ) -> Response {
        let secure = self.access.secure();
        // Another tab may show the form as well.
        let known = Purpose::Form.read(headers, secure);
        let fresh = known.is_none().then(random_text);
        let csrf = known.as_ref().or(fresh.as_ref()).map(|cookie| self.access.form_csrf(cookie));
        let page = SignInPage {
            next: next.to_owned(),
            csrf: csrf.unwrap_or_default(),
            notice,
            problem,
            okta: self.access.oidc().map(|_| {
                let query =
                    form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
                format!("/sign-in/okta?{query}")
            }),
        };
        let mut response = (status, [(CACHE_CONTROL, "no-store")], (self.render)(&page)).into_response();
        if let Some(fresh) = fresh {
            append_cookie(&mut response, &Purpose::Form.set(&fresh, secure));
        }
        response
    }

    fn address(&self, request: &Request) -> IpAddr {
        self.access.client(request.extensions(), request.headers())
    }
}

/// A form that was posted, and whether another site did it.
struct Form {
    fields: HashMap<String, String>,
    foreign: bool,
}

impl Form {
    fn get(&self, name: &str) -> Option<&String> {
        self.fields.get(name)
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).map(String::as_str).unwrap_or_default()
    }
}

async fn read(request: Request) -> Result<(HeaderMap, Form), Problem> {
    let (parts, body) = request.into_parts();
    let foreign = is_foreign(&parts.headers, parts.uri.authority().map(Authority::as_str));
    let form = read_form(body).await.map_err(|problem| problem.on_page(true))?;
    let fields = form_urlencoded::parse(&form).into_owned().collect();
    Ok((parts.headers, Form { fields, foreign }))
}

fn destination(next: Option<&String>) -> &str {
    next.and_then(|next| local_path(next)).unwrap_or("/")
}

fn redirect(to: &str, cookies: Vec<String>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to), (CACHE_CONTROL, "no-store")]).into_response();
    for cookie in cookies {
        append_cookie(&mut response, &cookie);
    }
    response
}

fn append_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
