//! A certificate that changes, and an end that comes.

use std::fs;
use std::net::Ipv4Addr;

use axum::routing::get;
use reqwest::Certificate;
use sync_engine::TaskOutcome;
use tokio::time::Instant;

use super::*;

/// How long something that is expected may take.
const LIMIT: Duration = Duration::from_mins(3);

struct Pair {
    certificate: String,
    key: String,
}

fn pair() -> Pair {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    Pair { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

struct Folder {
    files: TlsConfig,
    _folder: tempfile::TempDir,
}

impl Folder {
    fn with(pair: &Pair) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files =
            TlsConfig { certificate: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
        let folder = Self { files, _folder: folder };
        folder.write(&pair.certificate, &pair.key);
        folder
    }

    fn write(&self, certificate: &str, key: &str) {
        fs::write(&self.files.certificate, certificate).unwrap();
        fs::write(&self.files.key, key).unwrap();
    }
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Whether who trusts this certificate alone gets an answer.
async fn trusts(pair: &Pair, address: SocketAddr) -> bool {
    let certificate = Certificate::from_pem(pair.certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap();
    client.get(format!("https://{address}/")).send().await.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn new_certificate_needs_no_restart() {
    let (old, new) = (pair(), pair());
    let folder = Folder::with(&old);
    let server = Server::bind(anywhere(), "server.listen", Some(folder.files.clone())).await.unwrap();
    let (address, stop, tasks) = (server.address(), CancellationToken::new(), Arc::clone(&server.tasks));
    let router = Router::new().route("/", get(async || "here"));
    let serving = tokio::spawn(server.serve_polling_every(Duration::from_millis(20), router, stop.clone()));
    assert!(trusts(&old, address).await && !trusts(&new, address).await);
    folder.write(&new.certificate, &new.key);
    let deadline = Instant::now() + LIMIT;
    while !trusts(&new, address).await {
        assert!(Instant::now() < deadline, "the new certificate is not served");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!trusts(&old, address).await);
    let status = loop {
        assert!(Instant::now() < deadline, "the reload isn't recorded: {tasks:?}");
        let [status] = <[_; 1]>::try_from(tasks.statuses()).unwrap();
        match &status.last {
            Some(last) if last.outcome == TaskOutcome::Succeeded => break status,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!((status.task, status.setting.as_deref()), (Task::CertificateReload, Some("server.listen")));
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn mismatched_certificate_keeps_old_one() {
    let (old, new) = (pair(), pair());
    let folder = Folder::with(&old);
    let tls = Tls::load(folder.files.clone()).await.unwrap();
    let (mut seen, before) = (tls.seen, tls.config.get_inner());
    assert!(!tls.reload(&mut seen).await.unwrap());
    folder.write(&new.certificate, &old.key);
    assert!(tls.reload(&mut seen).await.is_err());
    assert!(!tls.reload(&mut seen).await.unwrap(), "it is told once");
    fs::remove_file(&folder.files.key).unwrap();
    assert!(!tls.reload(&mut seen).await.unwrap());
    folder.write("-----BEGIN CERTIFICATE-----\nnonsense", &new.key);
    assert!(tls.reload(&mut seen).await.is_err());
    assert!(Arc::ptr_eq(&before, &tls.config.get_inner()));
    folder.write(&new.certificate, &new.key);
    assert!(tls.reload(&mut seen).await.unwrap());
    assert!(!Arc::ptr_eq(&before, &tls.config.get_inner()));
}

#[tokio::test]
async fn unusable_tls_files_are_named() {
    let (one, other) = (pair(), pair());
    let folder = Folder::with(&one);
    folder.write(&one.certificate, &other.key);
    let told = async || {
        Server::bind(anywhere(), "server.listen", Some(folder.files.clone())).await.err().unwrap().to_string()
    };
    assert!(told().await.contains("tls.crt"), "{}", told().await);
    folder.write(&one.certificate, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----");
    let broken = told().await;
    assert!(broken.contains("tls.key") && !broken.contains("secret"), "{broken}");
    fs::remove_file(&folder.files.key).unwrap();
    assert!(told().await.contains("tls.key"));
}

#[tokio::test]
async fn open_request_does_not_block_shutdown() {
    let server = Server::bind(anywhere(), "server.listen", None).await.unwrap();
    let (address, stop, reached) = (server.address(), CancellationToken::new(), CancellationToken::new());
    let told = reached.clone();
    let hangs = async move || {
        told.cancel();
        std::future::pending::<()>().await;
    };
    let serving = tokio::spawn(server.serve(Router::new().route("/", get(hangs)), stop.clone()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asking = tokio::spawn(client.get(format!("http://{address}/")).send());
    tokio::time::timeout(LIMIT, reached.cancelled()).await.unwrap();
    stop.cancel();
    tokio::time::timeout(LIMIT, serving).await.unwrap().unwrap().unwrap();
    assert!(asking.await.unwrap().is_err(), "the request is cut off");
}
