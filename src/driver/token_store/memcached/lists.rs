//! Lists of tokens: texts of lines that many processes add to at once.

use super::{ATTEMPTS, MemcachedTokenStore, Stored};
use crate::driver::token_store::unavailable;
use crate::error::Result;
use crate::model::Timestamp;
use async_memcached::MetaProtocol as _;

/// Lists live for so many seconds after their last line; no token in them lives longer.
const LIST_LIFETIME: &str = "2592000";

/// So many times a list may go on under another number: some 180,000 tokens.
const SEGMENTS: usize = 8;

impl MemcachedTokenStore {
    /// Adds a line to a list.
    pub(super) async fn append(&self, list: &str, line: &str, now: Timestamp) -> Result<()> {
        for segment in 0..SEGMENTS {
            let key = segment_key(list, segment);
            // What has ended makes room in a full list, if that is enough to be worth it.
            if self.append_to(&key, line).await?
                || self.tidy(&key, now).await? && self.append_to(&key, line).await?
            {
                return Ok(());
            }
        }
        Err(unavailable("memcached", &"a list of tokens is full"))
    }

    /// Adds a line to one segment of a list; `false` when it is full.
    async fn append_to(&self, key: &str, line: &str) -> Result<bool> {
        let lifetime = format!("T{LIST_LIFETIME}");
        for _ in 0..ATTEMPTS {
            match self.set(key, line.as_bytes(), &["MA"]).await? {
                Stored::Yes => {
                    self.touch(key, &lifetime).await?;
                    return Ok(true);
                }
                Stored::TooLarge => return Ok(false),
                Stored::No => {}
            }
            // There is no list yet, unless somebody begins one just now.
            let begun = self.set(key, line.as_bytes(), &["ME", &lifetime]).await?;
            if let Stored::Yes = begun {
                return Ok(true);
            }
        }
        Err(unavailable("memcached", &"a list of tokens comes and goes"))
    }

    /// Makes a list live on.
    async fn touch(&self, key: &str, lifetime: &str) -> Result<()> {
        let (server, key) = self.place(key);
        let answer = self
            .in_time(async {
                let mut client = server.client().await?;
                let answer = client.meta_get(&key, false, None, Some(&[lifetime])).await;
                server.give_back(client);
                answer
            })
            .await?;
        answer
            .map(drop)
            .map_err(|error| unavailable("memcached", &error))
    }

    /// Removes the lines that have ended from a list. Whether a good part went.
    async fn tidy(&self, key: &str, now: Timestamp) -> Result<bool> {
        let lifetime = format!("T{LIST_LIFETIME}");
        for _ in 0..ATTEMPTS {
            let Some(list) = self.get(key).await? else {
                return Ok(true);
            };
            let text = String::from_utf8_lossy(&list.value);
            let left: String = live_lines(&text, now)
                .flat_map(|line| [line, "\n"])
                .collect();
            if left.len() > text.len() / 4 * 3 {
                return Ok(false);
            }
            let unchanged = format!("C{}", list.cas);
            let flags = [unchanged.as_str(), lifetime.as_str()];
            if let Stored::Yes = self.set(key, left.as_bytes(), &flags).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lines of a list that have not ended.
    pub(super) async fn lines(&self, list: &str, now: Timestamp) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for segment in 0..SEGMENTS {
            let Some(found) = self.get(&segment_key(list, segment)).await? else {
                // Segments fill up in order, but the first may have gone before the second.
                if segment == 0 {
                    continue;
                }
                break;
            };
            let text = String::from_utf8_lossy(&found.value);
            lines.extend(live_lines(&text, now).map(str::to_owned));
        }
        Ok(lines)
    }
}

/// Unique ids are hexadecimal: by their first digits all tokens spread over as many lists.
const DIGITS: &str = "0123456789abcdef";

/// The list in which a token stands with all others that begin like it.
pub(super) fn list_of_all(id: &str) -> String {
    let digit = id.get(..1).filter(|digit| DIGITS.contains(digit));
    format!("all/{}", digit.unwrap_or("0"))
}

pub(super) fn next_digit(digit: &str) -> Option<&'static str> {
    let next = DIGITS.find(digit)? + 1;
    DIGITS.get(next..=next)
}

fn segment_key(list: &str, segment: usize) -> String {
    format!("{list}/{segment}")
}

fn live_lines(text: &str, now: Timestamp) -> impl Iterator<Item = &str> {
    text.lines().filter(move |line| {
        let end = line.split(' ').next().and_then(|end| end.parse().ok());
        end.is_some_and(|end: i64| end > now.seconds())
    })
}
