//! What a client asked of a collection: filters and a page.

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
}

/// One condition on one text attribute. Several are joined by AND.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Name as in the API, e.g. `name`.
    pub attribute: &'static str,
    pub comparator: Comparator,
    pub case_insensitive: bool,
    pub value: String,
}

impl Filter {
    /// Whether an attribute's value satisfies the condition.
    pub fn matches(&self, value: &str) -> bool {
        if self.case_insensitive {
            Self::compare(
                self.comparator,
                &value.to_lowercase(),
                &self.value.to_lowercase(),
            )
        } else {
            Self::compare(self.comparator, value, &self.value)
        }
    }

    fn compare(comparator: Comparator, value: &str, wanted: &str) -> bool {
        match comparator {
            Comparator::Equals => value == wanted,
            Comparator::Contains => value.contains(wanted),
            Comparator::StartsWith => value.starts_with(wanted),
            Comparator::EndsWith => value.ends_with(wanted),
        }
    }
}

/// Filters and page of one list request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListHints {
    pub filters: Vec<Filter>,
    /// At most so many rows; the client's wish and the configured cap are already merged.
    pub limit: Option<u64>,
    /// Id of the last row of the page before; rows come in order of id.
    pub marker: Option<String>,
}

/// A page of a collection.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether rows were left out because of the limit.
    pub truncated: bool,
}

impl<T> Page<T> {
    /// All there is.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            truncated: false,
        }
    }

    /// From rows read with `limit + 1`: cuts the surplus row and remembers that it was there.
    pub fn cut(mut items: Vec<T>, limit: Option<u64>) -> Self {
        let limit = limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        let truncated = items.len() > limit;
        items.truncate(limit);
        Self { items, truncated }
    }
}
