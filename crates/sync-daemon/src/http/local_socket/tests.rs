//! Access to the socket, and the life of its file.

use axum::Json;
use axum::routing::get;

use super::*;

/// A socket that is served, and the means to end it.
struct Served {
    path: PathBuf,
    stop: CancellationToken,
    owner: TaskTracker,
    tasks: TaskTracker,
}

impl Served {
    async fn at(path: &Path) -> Self {
        let socket = LocalSocket::bind(path.to_owned()).await.unwrap();
        let router =
            Router::new().route("/", get(async |Extension(peer): Extension<LocalPeer>| Json(peer.uid)));
        let served = Self {
            path: path.to_owned(),
            stop: CancellationToken::new(),
            owner: TaskTracker::new(),
            tasks: TaskTracker::new(),
        };
        socket.serve(router, served.stop.clone(), &served.owner, &served.tasks);
        served
    }

    async fn end(&self) {
        self.stop.cancel();
        self.owner.close();
        self.owner.wait().await;
    }
}

/// The user ID that the server sees.
async fn uid_at(path: &Path) -> reqwest::Result<u32> {
    let client = reqwest::Client::builder().unix_socket(path).build().unwrap();
    client.get("http://localhost/").send().await?.json().await
}

fn own_uid(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).unwrap())
}

#[tokio::test]
async fn only_the_owner_connects() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::at(&folder.path().join("c.db.main.sock")).await;
    let mode = std::fs::metadata(&served.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(uid_at(&served.path).await.unwrap(), own_uid(folder.path()));
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "the folder of its creation is gone: {files:?}");
    served.end().await;
    assert!(!served.path.exists());
    assert!(uid_at(&served.path).await.is_err());
    served.tasks.close();
    served.tasks.wait().await;
}

#[tokio::test]
async fn stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db.main.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists() && uid_at(&path).await.is_err());
    let served = Served::at(&path).await;
    assert!(uid_at(&path).await.is_ok());
    served.end().await;
}

#[tokio::test]
async fn socket_of_successor_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db.main.sock");
    let first = Served::at(&path).await;
    let second = Served::at(&path).await;
    first.end().await;
    assert!(uid_at(&path).await.is_ok());
    second.end().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn unusable_paths_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let long = LocalSocket::bind(folder.path().join("x".repeat(120))).await;
    assert_eq!(long.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
    let file = folder.path().join("c.db.main.sock");
    std::fs::write(&file, "kept").unwrap();
    let taken = LocalSocket::bind(file.clone()).await;
    assert_eq!(taken.err().map(|error| error.kind()), Some(io::ErrorKind::AlreadyExists));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}
