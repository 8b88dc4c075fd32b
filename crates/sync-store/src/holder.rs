//! The process that holds the lock of a store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::identity::code;

/// A process that holds a store locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The ID.
    pub pid: u32,
    /// The name of its program.
    pub program: Option<String>,
    /// True if a signal or a debugger stopped it: it releases nothing before it is resumed.
    pub is_stopped: bool,
}

/// The reads of the list of locks before a lock counts as absent.
const READS: usize = 3;

impl Holder {
    /// The process that has the write lock of a store; `None` if no process has it, or the system doesn't report it.
    pub fn of(store: &Path) -> Option<Self> {
        let (file, beside) = (FileName::of(store), FileName::of(&shared_memory(store)));
        // The system returns the list in parts, so a lock can be missing if others change meanwhile.
        let pid = (0..READS).find_map(|_| {
            let locks = std::fs::read_to_string("/proc/locks").ok()?;
            holder(&locks, file.as_ref(), beside.as_ref())
        })?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // PID (PROGRAM) STATE ...; the program may hold parentheses.
        let program = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
        let is_stopped = program.is_some_and(|(_, rest)| rest.trim_start().starts_with(['T', 't']));
        Some(Self { pid, program: program.map(|(program, _)| program.to_owned()), is_stopped })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match (&self.program, self.is_stopped) {
            (Some(program), true) => write!(f, " ({program}, stopped)"),
            (Some(program), false) => write!(f, " ({program})"),
            (None, true) => f.write_str(" (stopped)"),
            (None, false) => Ok(()),
        }
    }
}

/// A store that another process held locked for the whole time that a write waits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} has locked the state store {}; waited {} s", held_by(holder.as_ref()), path.display(), waited.as_secs())]
pub struct StoreBusy {
    /// The file.
    pub path: PathBuf,
    /// The process, if the system names it.
    pub holder: Option<Holder>,
    /// The time that the write waited.
    pub waited: Duration,
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}

/// True of an error whose cause is a lock of another process: `SQLITE_BUSY`.
pub fn is_busy(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref()).any(|error| code(error) == Some(5))
}

/// The file next to the store in which processes lock their writes.
fn shared_memory(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push("-shm");
    name.into()
}

/// The byte of that file that a writer locks.
const WRITE_LOCK: u64 = 120;

/// A file as the list of locks names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileName(String);

impl FileName {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).ok()?;
        let device = metadata.dev();
        let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
        let minor = (device & 0xff) | ((device >> 12) & !0xff);
        Some(Self(format!("{major:02x}:{minor:02x}:{}", metadata.ino())))
    }

    #[cfg(not(unix))]
    const fn of(_: &Path) -> Option<Self> {
        None
    }
}

/// The process with a write lock on the store's file, or on the writer byte of the file next to it.
fn holder(locks: &str, store: Option<&FileName>, shared_memory: Option<&FileName>) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX", _, "WRITE", pid, file, first, last] = fields[..] else { return None };
        let is = |name: Option<&FileName>| name.is_some_and(|name| name.0 == file);
        let last = if last == "EOF" { u64::MAX } else { last.parse().ok()? };
        let writes = is(shared_memory) && (first.parse().ok()?..=last).contains(&WRITE_LOCK);
        (is(store) || writes).then(|| pid.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "1: POSIX  ADVISORY  WRITE 11 fe:01:7 0 EOF\n\
        2: -> POSIX  ADVISORY  WRITE 12 fe:01:8 120 120\n\
        3: POSIX  ADVISORY  READ  13 fe:01:8 123 123\n\
        4: FLOCK  ADVISORY  WRITE 14 fe:01:8 0 EOF\n\
        5: POSIX  ADVISORY  WRITE 15 fe:01:8 121 122\n\
        6: POSIX  ADVISORY  WRITE 16 fe:01:8 120 120\n";

    fn found(locks: &str, store: u64, beside: u64) -> Option<u32> {
        let [store, beside] = [store, beside].map(|inode| FileName(format!("fe:01:{inode}")));
        holder(locks, Some(&store), Some(&beside))
    }

    #[test]
    fn writer_is_found_among_locks() {
        assert_eq!(found(LOCKS, 9, 8), Some(16));
        assert_eq!(found(LOCKS, 7, 8), Some(11), "a lock on the file as a whole");
        assert_eq!(found(LOCKS, 9, 10), None);
        assert_eq!(holder(LOCKS, None, None), None);
        assert_eq!(found("no list of locks\n\n", 7, 8), None);
    }
}
