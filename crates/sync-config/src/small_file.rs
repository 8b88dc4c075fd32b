//! Small files that an operator names: settings, keys, tokens, and certificates.

use std::fs::{File, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The most bytes that such a file may have.
const LARGEST: u64 = 1 << 20;

/// The time within which the writer of a pipe has to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a text of at most 1 MiB from a regular file, or from a pipe such as a shell's `<(...)` for up to 10 seconds.
///
/// # Errors
/// When the file is something else, is larger, is no UTF-8, or cannot be read, or the writer of the pipe does not finish.
pub fn read_small_text(path: &Path) -> io::Result<String> {
    text(read(path, PATIENCE)?)
}

/// Reads a text of at most 1 MiB to its end.
///
/// # Errors
/// When the text is longer, is no UTF-8, or cannot be read.
pub fn read_small_text_from(reader: impl Read) -> io::Result<String> {
    text(read_from(reader)?)
}

/// Reads at most 1 MiB from a regular file alone: for a file that is read again and again.
///
/// # Errors
/// When the file is no regular file, is larger, or cannot be read.
pub fn read_regular_file(path: &Path) -> io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() { read_from(File::open(path)?) } else { Err(not_regular(kind)) }
}

fn read(path: &Path, patience: Duration) -> io::Result<Vec<u8>> {
    if !is_pipe(std::fs::metadata(path)?.file_type()) {
        return read_regular_file(path);
    }
    // Opening a pipe waits for its writer, without an end if there is none.
    let (sender, receiver) = sync_channel(1);
    let path = path.to_owned();
    std::thread::Builder::new().spawn(move || {
        // Past the deadline the result is of no use.
        let _ = sender.send(File::open(&path).and_then(read_from));
    })?;
    receiver.recv_timeout(patience).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => io::Error::new(
                ErrorKind::TimedOut,
                format!("it is a pipe, and its writer didn't finish within {} s", patience.as_secs()),
            ),
            RecvTimeoutError::Disconnected => io::Error::other("the reader of the pipe ended"),
        })
    })
}

fn read_from(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if reader.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    // The content may be a secret and isn't part of the error.
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn not_regular(kind: FileType) -> io::Error {
    let is = if kind.is_dir() {
        "a folder"
    } else if is_pipe(kind) {
        "a pipe"
    } else if is_device(kind) {
        "a device"
    } else {
        "a special file"
    };
    io::Error::new(ErrorKind::InvalidInput, format!("it is {is}; use a regular file"))
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
const fn is_pipe(_: FileType) -> bool {
    false
}

#[cfg(unix)]
fn is_device(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
const fn is_device(_: FileType) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    fn pipe(folder: &Path) -> PathBuf {
        let path = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()));
        path
    }

    #[test]
    fn device_and_folder_are_named() {
        let told = |path: &str| read_small_text(Path::new(path)).unwrap_err().to_string();
        assert_eq!(told("/dev/zero"), "it is a device; use a regular file");
        assert_eq!(told("/"), "it is a folder; use a regular file");
    }

    #[test]
    fn file_of_one_mebibyte_is_largest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(read_small_text(&path).unwrap().len(), 1 << 20);
        std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert_eq!(read_small_text(&path).unwrap_err().to_string(), "it is larger than 1 MiB");
        assert_eq!(read_small_text_from(io::repeat(b'x')).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn silent_pipe_ends_with_patience() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let silent = read(&path, Duration::from_millis(20)).unwrap_err();
        assert_eq!(silent.kind(), ErrorKind::TimedOut);
        assert!(silent.to_string().starts_with("it is a pipe, and its writer didn't finish"), "{silent}");
        assert_eq!(read_regular_file(&path).unwrap_err().to_string(), "it is a pipe; use a regular file");
    }

    #[test]
    fn pipe_with_writer_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::write(path, "key").unwrap()
        });
        assert_eq!(read_small_text(&path).unwrap(), "key");
        writer.join().unwrap();
    }
}
