//! The memory that Argon2id fills, kept by each thread for its next hash: 19 MiB of fresh pages cost a
//! tenth of the hash itself.

use argon2::Block;
use std::cell::RefCell;

/// What is larger is not kept, lest one stored hash with absurd costs occupies a thread's memory.
const MOST_BLOCKS: usize = 64 << 10;

thread_local! {
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` on so many blocks, whatever they hold.
pub(super) fn with<T>(blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
    if blocks > MOST_BLOCKS {
        return work(&mut vec![Block::new(); blocks]);
    }
    BLOCKS.with_borrow_mut(|kept| {
        if kept.len() < blocks {
            kept.resize(blocks, Block::new());
        }
        work(&mut kept[..blocks])
    })
}

/// Gives this thread's memory back.
pub(super) fn release() {
    BLOCKS.take();
}
