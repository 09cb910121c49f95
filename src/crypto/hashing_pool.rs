//! A bounded pool of threads for password hashing.
//!
//! A hash takes tens of milliseconds of CPU. Were it done on the runtime's own threads, a storm of
//! logins would stop token validation; were its queue unbounded, every login of the storm would
//! time out. So: as many threads as cores, of low priority, a short queue, and an honest refusal when it
//! is full.

use crate::crypto::password;
use crate::{Error, Result};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How much nicer than the rest of the process the threads are. With a tenth of the others' weight they
/// use whatever is left of the processors, and wait when there are requests to answer.
const NICER: i32 = 10;

/// A thread that had nothing to do for so long gives its memory back.
const IDLE: Duration = Duration::from_secs(2);

/// The pool. Its threads end when it is dropped, after the jobs they are at.
pub struct HashingPool {
    shared: Arc<Shared>,
}

/// What the pool is doing and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatistics {
    /// Jobs that wait for a thread now.
    pub queued: usize,
    /// Jobs that run now.
    pub running: usize,
    /// Jobs that have run, since the start.
    pub finished: u64,
    /// Jobs refused because the queue was full, since the start.
    pub rejected: u64,
    /// Jobs dropped because nobody waited for them any more, since the start.
    pub abandoned: u64,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Box<dyn Job>>,
    closed: bool,
    running: usize,
    finished: u64,
    rejected: u64,
    abandoned: u64,
}

/// A job with the caller who waits for it.
trait Job: Send {
    fn is_abandoned(&self) -> bool;
    fn run(self: Box<Self>);
}

struct Task<F, T> {
    work: F,
    reply: oneshot::Sender<T>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(self: Box<Self>) {
        let Self { work, reply } = *self;
        // A panic drops the reply, which the caller sees as a failed job; the thread lives on.
        if let Ok(answer) = catch_unwind(AssertUnwindSafe(work)) {
            let _ = reply.send(answer);
        }
    }
}

impl HashingPool {
    /// Starts so many threads (0 means one for each processor) before a queue of so many waiting jobs
    /// (at least one).
    ///
    /// # Errors
    /// [`Error::Internal`] when the operating system gives no threads.
    pub fn new(threads: usize, queue: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            capacity: queue.max(1),
        });
        let pool = Self { shared };
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
            threads => threads,
        };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || shared.work())
                .map_err(|e| Error::internal(format!("cannot start a hashing thread: {e}")))?;
        }
        Ok(pool)
    }

    /// Runs a job on one of the threads. Dropping the future before its turn drops the job.
    ///
    /// # Errors
    /// [`Error::Unavailable`] (503) at once when the queue is full; [`Error::Internal`] when
    /// the job panics.
    pub async fn run<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.shared.enqueue(Box::new(Task { work, reply }))?;
        answer
            .await
            .map_err(|_| Error::internal("a hashing job failed"))
    }

    /// Numbers for the metrics.
    pub fn statistics(&self) -> PoolStatistics {
        let state = self.shared.lock();
        PoolStatistics {
            queued: state.queue.len(),
            running: state.running,
            finished: state.finished,
            rejected: state.rejected,
            abandoned: state.abandoned,
        }
    }
}

impl Drop for HashingPool {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.shared.lock();
            state.closed = true;
            std::mem::take(&mut state.queue)
        };
        drop(waiting);
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock, so a panic can't leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<()> {
        let mut state = self.lock();
        if state.queue.len() >= self.capacity {
            state.drop_abandoned();
        }
        if state.queue.len() >= self.capacity {
            state.rejected += 1;
            return Err(Error::Unavailable(
                "Too many logins at once; try again shortly.".into(),
            ));
        }
        state.queue.push_back(job);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// A thread's life.
    fn work(&self) {
        be_nice();
        while let Some(job) = self.next() {
            job.run();
            let mut state = self.lock();
            state.running -= 1;
            state.finished += 1;
        }
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        let mut patience = IDLE;
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            match state.queue.pop_front() {
                Some(job) if job.is_abandoned() => state.abandoned += 1,
                Some(job) => {
                    state.running += 1;
                    return Some(job);
                }
                None => {
                    let (woken, waited) = self
                        .wake
                        .wait_timeout(state, patience)
                        .unwrap_or_else(PoisonError::into_inner);
                    state = woken;
                    if waited.timed_out() && patience == IDLE {
                        patience = Duration::MAX;
                        drop(state);
                        password::release_memory();
                        state = self.lock();
                    }
                }
            }
        }
    }
}

/// Lowers the calling thread's priority, where the operating system keeps one for each thread. It is no
/// harm where it can't be.
fn be_nice() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        if let Ok(nice) = getpriority_process(None) {
            let _ = setpriority_process(None, (nice + NICER).min(19));
        }
    }
}

impl State {
    fn drop_abandoned(&mut self) {
        let before = self.queue.len();
        self.queue.retain(|job| !job.is_abandoned());
        self.abandoned += (before - self.queue.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    /// A pool of one thread that is busy until the sender is used.
    async fn busy_pool(queue: usize) -> (Arc<HashingPool>, mpsc::Sender<()>) {
        let pool = Arc::new(HashingPool::new(1, queue).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let blocked = Arc::clone(&pool);
        tokio::spawn(async move { blocked.run(move || gate.recv().is_ok()).await });
        while pool.statistics().running == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (pool, release)
    }

    async fn queued(pool: &HashingPool, count: usize) {
        while pool.statistics().queued < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_job_gives_its_answer() {
        let pool = HashingPool::new(2, 8).unwrap();
        assert_eq!(pool.run(|| 6 * 7).await.unwrap(), 42);
    }

    #[tokio::test]
    async fn unless_told_otherwise_there_is_a_thread_for_each_processor() {
        let processors = thread::available_parallelism().unwrap().get();
        let pool = Arc::new(HashingPool::new(0, 8).unwrap());
        let all_run = Arc::new(std::sync::Barrier::new(processors));
        let jobs: Vec<_> = (0..processors)
            .map(|_| {
                let (pool, all_run) = (Arc::clone(&pool), Arc::clone(&all_run));
                tokio::spawn(async move { pool.run(move || all_run.wait()).await.is_ok() })
            })
            .collect();
        for job in jobs {
            let done = tokio::time::timeout(Duration::from_secs(30), job).await;
            assert!(done.unwrap().unwrap(), "they do not run side by side");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_to_the_rest_of_the_process() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let pool = HashingPool::new(1, 1).unwrap();
        let hashing = pool.run(nice).await.unwrap();
        assert_eq!(hashing, (nice() + NICER).min(19));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let (pool, release) = busy_pool(1).await;
        let waiting = Arc::clone(&pool);
        let second = tokio::spawn(async move { waiting.run(|| 2).await });
        queued(&pool, 1).await;
        assert!(matches!(pool.run(|| 3).await, Err(Error::Unavailable(_))));
        assert_eq!(pool.statistics().rejected, 1);
        release.send(()).unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_job_nobody_waits_for_makes_room_and_never_runs() {
        let (pool, release) = busy_pool(1).await;
        let waiting = Arc::clone(&pool);
        let gone = tokio::spawn(async move { waiting.run(|| panic!("must not run")).await });
        queued(&pool, 1).await;
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        let waiting = Arc::clone(&pool);
        let third = tokio::spawn(async move { waiting.run(|| 3).await });
        queued(&pool, 1).await;
        release.send(()).unwrap();
        assert_eq!(third.await.unwrap().unwrap(), 3);
        let statistics = pool.statistics();
        assert_eq!((statistics.abandoned, statistics.rejected), (1, 0));
    }

    #[tokio::test]
    async fn a_panicking_job_costs_neither_the_thread_nor_the_caller() {
        let pool = HashingPool::new(1, 4).unwrap();
        let failed = pool.run(|| -> u8 { panic!("expected by this test") }).await;
        assert!(matches!(failed, Err(Error::Internal(_))));
        assert_eq!(pool.run(|| 1).await.unwrap(), 1);
    }
}
