//! Chains of delegation, at random and over HTTP: whatever users and consumers make of tokens, trusts,
//! credentials and receipts, nothing outlives what it comes from, and nothing reaches further.

mod deeds;
mod world;

use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use world::World;

/// What somebody tries next. A number means one of those things that there are.
#[derive(Clone, Debug)]
pub enum Step {
    LogIn {
        as_uma: bool,
        scoped: bool,
    },
    Rescope(usize),
    Trust {
        with: usize,
        to_uma: bool,
        level: usize,
        life: Option<u32>,
        impersonation: bool,
        further: bool,
    },
    /// With a password, or with a token of the trustee.
    UseTrust(usize, Option<usize>),
    Credential {
        with: usize,
        level: Option<usize>,
        life: Option<u32>,
        unrestricted: bool,
    },
    UseCredential(usize),
    Authorize {
        with: usize,
        level: usize,
    },
    UseAccess(usize),
    KeyPair(usize),
    UsePair(usize),
    /// The first half of a login with a token or a credential, and the second with a passcode.
    Receipt(usize),
    /// Ends a trust or a credential.
    Withdraw(usize),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<usize>;
    let life = || proptest::option::weighted(0.4, 60u32..900);
    let level = || prop_oneof![4 => 0usize..2, 1 => 2usize..4];
    let often = || proptest::bool::weighted(0.8);
    prop_oneof![
        2 => any::<(bool, bool)>().prop_map(|(as_uma, scoped)| Step::LogIn { as_uma, scoped }),
        2 => index().prop_map(Step::Rescope),
        5 => (index(), any::<bool>(), level(), life(), often(), often()).prop_map(
            |(with, to_uma, level, life, impersonation, further)| Step::Trust {
                with, to_uma, level, life, impersonation, further,
            },
        ),
        6 => (index(), proptest::option::weighted(0.3, index()))
            .prop_map(|(trust, with)| Step::UseTrust(trust, with)),
        4 => (index(), proptest::option::of(level()), life(), often()).prop_map(
            |(with, level, life, unrestricted)| Step::Credential { with, level, life, unrestricted },
        ),
        4 => index().prop_map(Step::UseCredential),
        1 => (index(), level()).prop_map(|(with, level)| Step::Authorize { with, level }),
        2 => index().prop_map(Step::UseAccess),
        1 => index().prop_map(Step::KeyPair),
        1 => index().prop_map(Step::UsePair),
        2 => index().prop_map(Step::Receipt),
        1 => index().prop_map(Step::Withdraw),
        3 => (1u32..200).prop_map(Step::Wait),
    ]
}

/// What came of it: a run in which nothing ever follows from anything proves nothing.
static LONGEST: AtomicUsize = AtomicUsize::new(0);
static MADE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn nothing_outlives_or_exceeds_what_it_comes_from() {
    let config = ProptestConfig {
        cases: 12,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in proptest::collection::vec(step(), 25..50))| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.take(step).await;
            }
            LONGEST.fetch_max(world.longest_chain(), Ordering::Relaxed);
            MADE.fetch_add(world.size(), Ordering::Relaxed);
        });
    });
    let (longest, made) = (
        LONGEST.load(Ordering::Relaxed),
        MADE.load(Ordering::Relaxed),
    );
    assert!(longest >= 4, "the longest chain had {longest} links");
    assert!(made >= 200, "only {made} things were made");
}
