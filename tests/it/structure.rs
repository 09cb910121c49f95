//! The rules of the house that the compiler doesn't know, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The lines of a file that are neither comments nor below its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    text.lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn nothing_mentions(folder: &str, words: &[&str]) {
    for path in sources(folder) {
        let code = code(&path);
        for word in words {
            assert!(!code.contains(word), "{} mentions {word}", path.display());
        }
    }
}

#[test]
fn http_knows_no_sql() {
    nothing_mentions("src/api", &["sqlx", "driver::sql::"]);
}

#[test]
fn managers_know_neither_http_nor_sql_drivers() {
    nothing_mentions("src/manager", &["axum", "sqlx", "crate::api", "hyper"]);
}

#[test]
fn drivers_know_nothing_above_them() {
    nothing_mentions(
        "src/driver",
        &["axum", "crate::api", "crate::manager", "crate::app"],
    );
}

#[test]
fn what_lies_underneath_imports_nothing_from_above() {
    let above = [
        "crate::api",
        "crate::manager",
        "crate::driver",
        "crate::app",
        "crate::cli",
    ];
    for folder in [
        "src/model",
        "src/config",
        "src/crypto",
        "src/token",
        "src/policy",
    ] {
        nothing_mentions(folder, &above);
    }
}

#[test]
fn time_comes_from_the_apps_clock() {
    for folder in [
        "src/api",
        "src/manager",
        "src/driver",
        "src/token",
        "src/policy",
    ] {
        nothing_mentions(folder, &["Utc::now", "SystemTime::now"]);
    }
}

#[test]
fn every_test_file_is_part_of_the_test_binary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for path in sources("tests/it") {
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name")
            .to_owned();
        if stem == "main" {
            continue;
        }
        let folder = path.parent().expect("a folder");
        let parent = if folder == root {
            folder.join("main.rs")
        } else {
            folder.with_extension("rs")
        };
        let declared =
            fs::read_to_string(&parent).is_ok_and(|text| text.contains(&format!("mod {stem};")));
        assert!(declared, "{} is declared nowhere", path.display());
    }
}
