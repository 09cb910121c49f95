//! What is different where the catalog is a file.

use super::CatalogManager;
use crate::driver::templated_catalog::TemplatedCatalog;
use crate::error::{Error, Result};
use std::sync::Arc;

impl CatalogManager<'_> {
    /// The catalog that `[catalog] driver = templated` reads from its file.
    pub(super) fn templates(&self) -> Option<Arc<TemplatedCatalog>> {
        self.app.settings().templates.clone()
    }

    /// Refuses what a catalog in a file has no place for.
    ///
    /// # Errors
    /// 501.
    pub fn check_stored(&self) -> Result<()> {
        match self.templates() {
            None => Ok(()),
            Some(_) => Err(Error::NotImplemented(
                "The catalog is read from a file ([catalog] driver = templated); it can't be changed, \
                 nor shown to projects in part."
                    .to_owned(),
            )),
        }
    }
}
