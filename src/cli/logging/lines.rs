//! Lines of the log, collected and written together by a thread of their own.
//!
//! Every request writes a line. Were each handed over by itself, waking the thread that writes would cost
//! more than answering: so lines gather for some milliseconds. None is lost but by SIGKILL.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// How long the first line waits for others.
const GATHERING: Duration = Duration::from_millis(20);

/// Bytes that are written without waiting for more.
const ENOUGH: usize = 256 << 10;

/// Bytes that may wait for a slow disk or terminal; then requests wait, too, rather than lose lines.
const MOST: usize = 4 << 20;

/// Where lines are left to be written.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Ends the writing when it is dropped, after everything was written.
pub(super) struct Guard {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// The first line is there, or enough of them, or the end.
    ready: Condvar,
    /// What was waiting has been taken to be written.
    taken: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    closed: bool,
}

/// Starts the thread that writes to `to`.
pub(super) fn start(to: impl Write + Send + 'static) -> io::Result<(Lines, Guard)> {
    let lines = Lines(Arc::default());
    let writing = lines.clone();
    let thread = std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writing.0.write_out(to))?;
    let guard = Guard {
        lines: lines.clone(),
        thread: Some(thread),
    };
    Ok((lines, guard))
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.lines.0.lock().closed = true;
        self.lines.0.ready.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut state = self.lock();
        while state.waiting.len() > MOST && !state.closed {
            state = self
                .taken
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let before = state.waiting.len();
        state.waiting.extend_from_slice(line);
        let now = state.waiting.len();
        drop(state);
        if before == 0 || (before < ENOUGH && now >= ENOUGH) {
            self.ready.notify_one();
        }
    }

    /// The thread's life. What can't be written is dropped: there is nobody to tell.
    fn write_out(&self, mut to: impl Write) {
        let mut taken = Vec::new();
        loop {
            let state = self.lock();
            let state = self
                .ready
                .wait_while(state, |state| state.waiting.is_empty() && !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
            let (mut state, _) = self
                .ready
                .wait_timeout_while(state, GATHERING, |state| {
                    state.waiting.len() < ENOUGH && !state.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut taken, &mut state.waiting);
            let closed = state.closed;
            drop(state);
            self.taken.notify_all();
            let _ = to.write_all(&taken).and_then(|()| to.flush());
            taken.clear();
            if closed {
                return;
            }
        }
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// What was written, and how slow it is to write.
    #[derive(Clone, Default)]
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        pause: Duration,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            std::thread::sleep(self.pause);
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_written_soon_and_the_last_ones_at_the_end() {
        let disk = Disk::default();
        let (lines, guard) = start(disk.clone()).unwrap();
        (&lines).write_all(b"first\n").unwrap();
        let begun = Instant::now();
        while disk.written.lock().unwrap().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(1));
        }
        (&lines).write_all(b"last\n").unwrap();
        drop(guard);
        assert_eq!(*disk.written.lock().unwrap(), b"first\nlast\n");
    }

    #[test]
    fn a_slow_disk_loses_no_line_and_keeps_their_order() {
        let disk = Disk {
            pause: Duration::from_millis(30),
            ..Disk::default()
        };
        let (lines, guard) = start(disk.clone()).unwrap();
        let long = "x".repeat(10_000);
        let mut expected = String::new();
        for number in 0..1000 {
            let line = format!("{number} {long}\n");
            (&lines).write_all(line.as_bytes()).unwrap();
            expected.push_str(&line);
        }
        drop(guard);
        assert!(*disk.written.lock().unwrap() == expected.as_bytes());
    }
}
